//! How fast students answer, and how well.

use std::collections::BTreeSet;

use lelp_train::evaluate::Report;
use plotly::common::{Marker, Mode};
use plotly::layout::AxisType;
use plotly::{Plot, Scatter};

use super::chart::{Chart, around, axis, plot, points, told};
use super::html::Table;
use super::means::mean;
use super::methods::Methods;
use super::palette::{colour, symbol, symbol_word};
use super::words;
use crate::story::{Group, MethodResult};

/// Accuracy against microseconds a text, of all students on one data set.
pub(super) fn chart(data: &str, groups: &[&Group], methods: &Methods) -> Option<Chart> {
    let times = axis("microseconds a text (log)").type_(AxisType::Log);
    let tests = groups.iter().flat_map(|group| {
        let means = group.methods.iter().map(|result| mean(&result.figures(|report| report.accuracy)));
        means.chain(group.teacher.iter().map(|teacher| teacher.accuracy))
    });
    let mut plot = plot(times, axis("test accuracy").range(around(tests)));
    let mut numbers = Table::new(&["model", "student", "teacher", "microseconds a text", "accuracy", "size"]);
    let students: BTreeSet<&str> = groups.iter().map(|group| group.setting.student.as_str()).collect();
    let mut named = BTreeSet::new();
    let largest = groups.iter().flat_map(|group| &group.methods).filter_map(|result| result.bytes).max();
    for group in groups {
        for result in &group.methods {
            let student = students.iter().position(|name| *name == group.setting.student).unwrap_or(0);
            let place = (methods.place(&result.method), student);
            let size = size(result.bytes, largest);
            if let Some(trace) = mark(group, result, place, size) {
                // One line of the legend a method: a legend of all students would hide the chart.
                plot.add_trace(trace.show_legend(named.insert(&result.method)));
                numbers.row(line(group, result));
            }
        }
    }
    add_teachers(&mut plot, &mut numbers, groups);
    let caption = caption(&students);
    let heading = format!("Speed and accuracy on {data}");
    (!numbers.is_empty()).then(|| Chart { heading, caption, plot, height: 400, numbers })
}

fn add_teachers(plot: &mut Plot, numbers: &mut Table, groups: &[&Group]) {
    for (teacher, report) in teachers(groups) {
        let told = vec![told(&[&figures(&format!("teacher {teacher}"), &[report], None)])];
        let (x, y) = (vec![report.microseconds_per_text], vec![report.accuracy]);
        plot.add_trace(points(&format!("teacher {teacher}"), 6, Mode::Markers, x, y, told));
        let cells = [String::new(), teacher.to_owned(), words::microseconds(report.microseconds_per_text)];
        let cells = cells.into_iter().chain([words::share(report.accuracy), String::new()]);
        numbers.row(["teacher".to_owned()].into_iter().chain(cells));
    }
}

fn caption(students: &BTreeSet<&str>) -> String {
    let symbols: Vec<String> =
        students.iter().enumerate().map(|(place, name)| format!("{} {name}", symbol_word(place))).collect();
    format!(
        "Up and to the left is better. A colour is a method, a symbol a student ({}); the larger a mark, the larger the \
         student's files. Times are those of the run that measured them: compare them with each other, not with those of \
         another machine.",
        symbols.join(", ")
    )
}

/// A student's mark: its colour is that of the method, its symbol that of the student.
fn mark(
    group: &Group,
    result: &MethodResult,
    (method, student): (usize, usize),
    size: usize,
) -> Option<Box<Scatter<f64, f64>>> {
    let reports: Vec<&Report> = result.tests().collect();
    let time = mean(&result.figures(|report| report.microseconds_per_text));
    let accuracy = mean(&result.figures(|report| report.accuracy));
    if !time.is_finite() {
        return None;
    }
    let name = format!("{}, {}", result.method, group.setting.student);
    let told = vec![told(&[&figures(&name, &reports, result.bytes)])];
    let marker = Marker::new().color(colour(method)).symbol(symbol(student)).size(size).opacity(0.85);
    Some(points(&result.method, method, Mode::Markers, vec![time], vec![accuracy], told).marker(marker))
}

fn line(group: &Group, result: &MethodResult) -> [String; 6] {
    [
        result.method.clone(),
        group.setting.student.clone(),
        group.setting.teacher.clone(),
        words::microseconds(mean(&result.figures(|report| report.microseconds_per_text))),
        words::share(mean(&result.figures(|report| report.accuracy))),
        result.bytes.map_or_else(String::new, words::bytes),
    ]
}

fn figures(name: &str, reports: &[&Report], bytes: Option<u64>) -> String {
    let mean_of = |figure: &dyn Fn(&Report) -> f64| {
        mean(&reports.iter().map(|report| figure(report)).collect::<Vec<_>>())
    };
    let size = bytes.map_or_else(String::new, |bytes| format!(", {}", words::bytes(bytes)));
    format!(
        "{name}: accuracy {}, {} microseconds a text{size}",
        words::share(mean_of(&|report| report.accuracy)),
        words::microseconds(mean_of(&|report| report.microseconds_per_text)),
    )
}

/// The teachers of `groups` with their figures, each once.
fn teachers<'a>(groups: &[&'a Group]) -> Vec<(&'a str, &'a Report)> {
    let mut teachers: Vec<(&str, &Report)> = Vec::new();
    for group in groups {
        let Some(report) = &group.teacher else { continue };
        if !teachers.iter().any(|(name, _)| *name == group.setting.teacher) {
            teachers.push((&group.setting.teacher, report));
        }
    }
    teachers
}

/// Pixels of a mark whose area grows with the student's bytes.
#[allow(clippy::cast_sign_loss, reason = "a root is not below 0")]
fn size(bytes: Option<u64>, largest: Option<u64>) -> usize {
    match (bytes, largest) {
        (Some(bytes), Some(largest)) if largest > 0 => {
            9 + (13.0 * (bytes as f64 / largest as f64).sqrt()) as usize
        }
        _ => 10,
    }
}

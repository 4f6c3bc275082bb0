//! Accuracy of students against their speed.

use std::collections::BTreeSet;

use plotly::Scatter;
use plotly::common::{ErrorData, ErrorType, Marker, Mode};
use plotly::layout::AxisType;

use super::chart::{Chart, axis, hover_text, padded_range, plot, points};
use super::method_order::MethodOrder;
use super::number_format;
use super::palette::{colour, symbol, symbol_word};
use super::seed_means::mean;
use super::speed::Speed;
use super::table::Table;
use crate::run_report::{MethodResult, ResultGroup};

/// Accuracy against microseconds a text, for all students on one data set.
pub(super) fn chart(data: &str, groups: &[&ResultGroup], methods: &MethodOrder) -> Option<Chart> {
    let measured = groups.iter().flat_map(|group| &group.methods);
    let measured =
        measured.filter_map(|result| Speed::of(result.tests())).flat_map(|speed| [speed.low, speed.high]);
    // Whole decades, with a tick at each: 1, 10, 100.
    let times = axis("microseconds a text (log)").type_(AxisType::Log).range(decades(measured)).dtick(1.0);
    let results = groups.iter().flat_map(|group| &group.methods);
    let tests = results.map(|result| mean(&result.metric(|report| report.accuracy)));
    let mut plot = plot(times, axis("test accuracy").range(padded_range(tests)));
    let mut numbers = Table::new(&["model", "student", "teacher", "microseconds a text", "accuracy", "size"]);
    let students: BTreeSet<&str> = groups.iter().map(|group| group.setting.student.as_str()).collect();
    let mut named = BTreeSet::new();
    let largest = groups.iter().flat_map(|group| &group.methods).filter_map(|result| result.bytes).max();
    for group in groups {
        for result in &group.methods {
            let student = students.iter().position(|name| *name == group.setting.student).unwrap_or(0);
            let place = (methods.position(&result.method), student);
            let size = size(result.bytes, largest);
            if let Some(trace) = student_mark(group, result, place, size) {
                // One entry of the legend for each method: a legend of all students would hide the chart.
                plot.add_trace(trace.show_legend(named.insert(&result.method)));
                numbers.row(line(group, result));
            }
        }
    }
    let caption = caption(&students);
    let heading = format!("Speed and accuracy on {data}");
    (!numbers.is_empty()).then(|| Chart { heading, caption, plot, height: 400, numbers })
}

/// The powers of ten around `values`, as an axis of logarithms takes them.
fn decades(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let logs = values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10);
    let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
        (low.min(log - 0.05), high.max(log + 0.05))
    });
    if low > high { vec![0.0, 1.0] } else { vec![low.floor(), high.ceil()] }
}

fn caption(students: &BTreeSet<&str>) -> String {
    let symbols: Vec<String> =
        students.iter().enumerate().map(|(place, name)| format!("{} {name}", symbol_word(place))).collect();
    format!(
        "Up and to the left is better. A colour is a method, a symbol a student ({}); the larger a mark, the larger the \
         student's files. Times are medians over the seeds, whiskers their range, each measured once while the comparison ran: \
         compare them with each other, not with those of another machine.",
        symbols.join(", ")
    )
}

/// The mark of a student, in the colour of its method and with the symbol of its kind.
fn student_mark(
    group: &ResultGroup,
    result: &MethodResult,
    (method, student): (usize, usize),
    size: usize,
) -> Option<Box<Scatter<f64, f64>>> {
    let Speed { median, low, high } = Speed::of(result.tests())?;
    let accuracy = mean(&result.metric(|report| report.accuracy));
    let name = format!("{}, {}", result.method, group.setting.student);
    let hover = vec![hover_text(&[&description(&name, result)])];
    let range = ErrorData::new(ErrorType::Data).array(vec![high - median]).array_minus(vec![median - low]);
    let marker = Marker::new().color(colour(method)).symbol(symbol(student)).size(size).opacity(0.85);
    let mark = points(&result.method, method, Mode::Markers, vec![median], vec![accuracy], hover);
    Some(mark.marker(marker).error_x(range))
}

fn line(group: &ResultGroup, result: &MethodResult) -> [String; 6] {
    [
        result.method.clone(),
        group.setting.student.clone(),
        group.setting.teacher.clone(),
        Speed::of(result.tests()).map_or_else(String::new, Speed::text),
        number_format::share(mean(&result.metric(|report| report.accuracy))),
        result.bytes.map_or_else(String::new, number_format::bytes),
    ]
}

fn description(name: &str, result: &MethodResult) -> String {
    let size = result.bytes.map_or_else(String::new, |bytes| format!(", {}", number_format::bytes(bytes)));
    let speed = Speed::of(result.tests()).map_or_else(String::new, Speed::text);
    let accuracy = number_format::share(mean(&result.metric(|report| report.accuracy)));
    format!("{name}: accuracy {accuracy}, {speed} microseconds a text{size}")
}

/// Size of a mark in pixels; its area grows with the student's bytes.
#[allow(clippy::cast_sign_loss, reason = "a root is not below 0")]
fn size(bytes: Option<u64>, largest: Option<u64>) -> usize {
    match (bytes, largest) {
        (Some(bytes), Some(largest)) if largest > 0 => {
            9 + (13.0 * (bytes as f64 / largest as f64).sqrt()) as usize
        }
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_of_times_begins_and_ends_at_powers_of_ten() {
        assert_eq!(decades([2.5, 8.0, f64::NAN].into_iter()), [0.0, 1.0]);
        assert_eq!(decades([3.0, 4000.0].into_iter()), [0.0, 4.0]);
        assert_eq!(decades([1.0, 10.0].into_iter()), [-1.0, 2.0]);
        assert_eq!(decades(std::iter::empty()), [0.0, 1.0]);
    }
}

//! Charts of each method's accuracy and of its gain over the baseline.

use lelp_train::evaluate::Report;
use plotly::common::{DashType, ErrorData, ErrorType, HoverInfo, Line, Marker, Mode, Orientation};
use plotly::layout::{BarMode, CategoryOrder};
use plotly::{Bar, Layout, Plot, Scatter};

use super::chart::{Chart, axis, hover_text, plot, plot_text};
use super::confusion::rows;
use super::method_order::MethodOrder;
use super::number_format;
use super::palette::{colour, symbol};
use super::seed_means::{half_width, mean};
use super::table::Table;
use crate::run_report::{MethodResult, ResultGroup};

/// Pixels of a method's line, and of axes and legend.
const LINE_HEIGHT: usize = 34;
const AXES_HEIGHT: usize = 110;

/// Mean accuracy as bars, with confidence intervals, single seeds and the teacher.
pub(super) fn bars(group: &ResultGroup, methods: &MethodOrder) -> Option<Chart> {
    let results: Vec<&MethodResult> = measured(group);
    let report = results.first()?.tests().next()?;
    let majority = majority_accuracy(report);
    let mut plot = plot(axis("test accuracy").range(vec![majority, axis_end(group)]), names());
    let mut numbers = Table::new(&["method", "mean", "95 % interval", "seeds"]);
    for result in results.iter().rev() {
        plot.add_trace(bar(result, methods));
    }
    for result in &results {
        let values = result.metric(|report| report.accuracy);
        let interval = half_width(&values).map_or_else(String::new, |half| interval(mean(&values), half));
        let seeds = values.iter().map(|value| number_format::share(*value)).collect::<Vec<_>>().join(", ");
        numbers.row([result.method.clone(), number_format::share(mean(&values)), interval, seeds]);
    }
    plot.add_trace(seeds(&results));
    if let Some(teacher) = &group.teacher {
        plot.add_trace(teacher_line(teacher.accuracy, &results));
        numbers.row([
            "teacher".to_owned(),
            number_format::share(teacher.accuracy),
            String::new(),
            String::new(),
        ]);
    }
    plot.set_layout(barred(&plot));
    let caption = format!(
        "Longer is better. Bars begin at {}, the accuracy of always answering the most frequent class. Whiskers are 95 % \
         intervals of the mean (Student's t over seeds), dots the seeds{}.",
        number_format::share(majority),
        if group.teacher.is_some() { ", the dashed line the teacher" } else { "" },
    );
    Some(Chart {
        heading: "Accuracy on the test rows".to_owned(),
        caption,
        plot,
        height: AXES_HEIGHT + LINE_HEIGHT * results.len(),
        numbers,
    })
}

/// Mean difference to the baseline over seeds.
pub(super) fn gains(group: &ResultGroup, methods: &MethodOrder) -> Option<Chart> {
    let baseline = group.methods.iter().find(|result| Some(&result.method) == methods.baseline())?;
    let others: Vec<&MethodResult> =
        measured(group).into_iter().filter(|result| result.method != baseline.method).collect();
    let mut plot = plot(axis("points of accuracy"), names());
    let mut numbers = Table::new(&["method", "mean gain, points", "95 % interval", "seeds in common"]);
    let mut drawn = 0;
    for result in others.iter().rev() {
        let differences = paired_differences(result, baseline);
        if differences.is_empty() {
            continue;
        }
        drawn += 1;
        plot.add_trace(gain(result, &differences, methods));
    }
    for result in &others {
        let differences = paired_differences(result, baseline);
        let (gain, half) = (mean(&differences), half_width(&differences));
        let interval = half.map_or_else(String::new, |half| {
            format!("{} to {}", number_format::points(gain - half), number_format::points(gain + half))
        });
        numbers.row([
            result.method.clone(),
            number_format::points(gain),
            interval,
            differences.len().to_string(),
        ]);
    }
    plot.add_trace(zero_line(&others));
    let heading = format!("Gain over {}", baseline.method);
    let caption = format!(
        "To the right of the line is better than {}. Differences are taken seed by seed; a whisker (95 %, Student's t) \
         that crosses the line means that the gain could be chance.",
        baseline.method
    );
    (drawn > 0).then(|| Chart {
        heading,
        caption,
        plot,
        height: AXES_HEIGHT - 20 + LINE_HEIGHT * drawn,
        numbers,
    })
}

/// Accuracy minus that of the baseline, for each seed that both have.
fn paired_differences(result: &MethodResult, baseline: &MethodResult) -> Vec<f64> {
    let of_seed = |seed: u64| {
        let run = baseline.runs.iter().find(|run| run.seed == seed)?;
        run.test.as_ref().map(|test| test.accuracy)
    };
    let own = result.runs.iter().filter_map(|run| run.test.as_ref().map(|test| (run.seed, test.accuracy)));
    own.filter_map(|(seed, accuracy)| of_seed(seed).map(|other| accuracy - other)).collect()
}

fn measured(group: &ResultGroup) -> Vec<&MethodResult> {
    group.methods.iter().filter(|result| result.tests().next().is_some()).collect()
}

/// The vertical axis, with the names of the methods.
fn names() -> plotly::layout::Axis {
    axis("").category_order(CategoryOrder::Trace)
}

fn barred(plot: &Plot) -> Layout {
    plot.layout().clone().bar_mode(BarMode::Overlay).show_legend(false)
}

fn bar(result: &MethodResult, methods: &MethodOrder) -> Box<Bar<f64, String>> {
    let values = result.metric(|report| report.accuracy);
    let (mean, half) = (mean(&values), half_width(&values));
    let name = plot_text(&result.method);
    let words = hover_text(&[&format!(
        "{}: {}, {}",
        result.method,
        number_format::share_with(mean, half),
        lelp::counted(values.len(), "seed")
    )]);
    Bar::new(vec![mean], vec![name.clone()])
        .name(name)
        .orientation(Orientation::Horizontal)
        .marker(Marker::new().color(colour(methods.position(&result.method))).opacity(0.8))
        .error_x(whiskers(half))
        .hover_info(HoverInfo::Text)
        .hover_text_array(vec![words])
}

fn whiskers(half: Option<f64>) -> ErrorData {
    ErrorData::new(ErrorType::Data)
        .array(vec![half.unwrap_or(0.0)])
        .visible(half.is_some())
        .thickness(2.0)
        .color("#7F7F7F")
}

fn seeds(results: &[&MethodResult]) -> Box<Scatter<f64, String>> {
    let (mut x, mut y, mut words) = (Vec::new(), Vec::new(), Vec::new());
    for result in results {
        for run in &result.runs {
            let Some(test) = &run.test else { continue };
            x.push(test.accuracy);
            y.push(plot_text(&result.method));
            let text =
                format!("{}, seed {}: {}", result.method, run.seed, number_format::share(test.accuracy));
            words.push(hover_text(&[&text]));
        }
    }
    Scatter::new(x, y)
        .name("seeds")
        .mode(Mode::Markers)
        .marker(Marker::new().color("#7F7F7F").size(6).line(Line::new().color("#FFFFFF").width(1.0)))
        .hover_info(HoverInfo::Text)
        .hover_text_array(words)
}

fn teacher_line(accuracy: f64, results: &[&MethodResult]) -> Box<Scatter<f64, String>> {
    let y: Vec<String> = results.iter().rev().map(|result| plot_text(&result.method)).collect();
    let words = vec![hover_text(&[&format!("teacher: {}", number_format::share(accuracy))]); y.len()];
    Scatter::new(vec![accuracy; y.len()], y)
        .name("teacher")
        .mode(if results.len() > 1 { Mode::Lines } else { Mode::Markers })
        .marker(Marker::new().color("#7F7F7F").size(14).symbol(plotly::common::MarkerSymbol::LineNSOpen))
        .line(Line::new().color("#7F7F7F").dash(DashType::Dash).width(2.0))
        .hover_info(HoverInfo::Text)
        .hover_text_array(words)
}

fn gain(result: &MethodResult, differences: &[f64], methods: &MethodOrder) -> Box<Scatter<f64, String>> {
    let (gain, half) = (mean(differences), half_width(differences));
    let interval = half.map_or_else(String::new, |half| {
        format!(", {} to {}", number_format::points(gain - half), number_format::points(gain + half))
    });
    let position = methods.position(&result.method);
    Scatter::new(vec![100.0 * gain], vec![plot_text(&result.method)])
        .name(plot_text(&result.method))
        .mode(Mode::Markers)
        .marker(Marker::new().color(colour(position)).symbol(symbol(position)).size(12))
        .show_legend(false)
        .error_x(whiskers(half.map(|half| 100.0 * half)).color(colour(position)))
        .hover_info(HoverInfo::Text)
        .hover_text_array(vec![hover_text(&[&format!(
            "{}: {}{interval}",
            result.method,
            number_format::points(gain)
        )])])
}

fn zero_line(results: &[&MethodResult]) -> Box<Scatter<f64, String>> {
    let y: Vec<String> = results.iter().rev().map(|result| plot_text(&result.method)).collect();
    Scatter::new(vec![0.0; y.len()], y)
        .name("no gain")
        .mode(Mode::Lines)
        .line(Line::new().color("#7F7F7F").dash(DashType::Dash).width(2.0))
        .hover_info(HoverInfo::Skip)
        .show_legend(false)
}

/// Accuracy of always answering the most frequent label of the test rows.
fn majority_accuracy(report: &Report) -> f64 {
    let of_labels: Vec<u64> = report.confusion.iter().map(|row| rows(row)).collect();
    let (most, all) = (of_labels.iter().max().copied().unwrap_or_default(), rows(&of_labels));
    if all > 0 { most as f64 / all as f64 } else { 0.0 }
}

/// The right end of the axis, beyond every bar, seed and interval.
fn axis_end(group: &ResultGroup) -> f64 {
    let ends = group.methods.iter().flat_map(|result| {
        let values = result.metric(|report| report.accuracy);
        let end = mean(&values) + half_width(&values).unwrap_or(0.0);
        values.into_iter().chain([end])
    });
    let teacher = group.teacher.iter().map(|teacher| teacher.accuracy);
    let top = ends.chain(teacher).filter(|end| end.is_finite()).fold(0.0, f64::max);
    (top + 0.01).min(1.02)
}

fn interval(mean: f64, half: f64) -> String {
    format!("{} to {}", number_format::share(mean - half), number_format::share(mean + half))
}

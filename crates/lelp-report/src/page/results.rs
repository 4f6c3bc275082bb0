//! The table of results, and what it says in a sentence.

use lelp_train::evaluate::Report;

use super::accuracy::paired;
use super::html::{Table, escape};
use super::interval::{half_width, mean};
use super::methods::Methods;
use super::words;
use crate::story::{Group, MethodResult};

/// Figures of the teacher and of each method on the test rows.
pub(super) fn table(group: &Group, methods: &Methods) -> Table {
    let baseline = baseline(group, methods);
    let saved = baseline.map_or_else(String::new, |result| format!("errors saved against {}", result.method));
    let mut headings = vec!["model", "accuracy", &saved, "macro-F1", "AUC", "calibration error"];
    headings.extend(["agreement with the teacher", "negative log-likelihood", "size", "us a text", "seeds"]);
    headings.retain(|heading| !heading.is_empty());
    let mut table = Table::new(&headings);
    if let Some(teacher) = &group.teacher {
        table.row(cells("teacher", &[teacher], None, baseline.map(|_| String::new())));
    }
    for result in &group.methods {
        let reports: Vec<&Report> = result.tests().collect();
        if !reports.is_empty() {
            let saved = baseline.map(|baseline| errors_saved(result, baseline));
            table.row(cells(&result.method, &reports, result.bytes, saved));
        }
    }
    table.filled()
}

fn cells(model: &str, reports: &[&Report], bytes: Option<u64>, saved: Option<String>) -> Vec<String> {
    let values =
        |figure: &dyn Fn(&Report) -> f64| reports.iter().map(|report| figure(report)).collect::<Vec<f64>>();
    let share = |values: Vec<f64>| words::share_with(mean(&values), half_width(&values));
    let whole = |figure: &dyn Fn(&Report) -> Option<f64>| {
        let values: Option<Vec<f64>> = reports.iter().map(|report| figure(report)).collect();
        values.map_or_else(String::new, share)
    };
    let mut cells = vec![model.to_owned(), share(values(&|report| report.accuracy))];
    cells.extend(saved);
    cells.extend([
        share(values(&|report| report.macro_f1)),
        whole(&|report| report.auc),
        share(values(&|report| report.expected_calibration_error)),
        whole(&|report| report.agreement),
        share(values(&|report| report.negative_log_likelihood)),
        bytes.map_or_else(String::new, words::bytes),
        words::microseconds(mean(&values(&|report| report.microseconds_per_text))),
        reports.len().to_string(),
    ]);
    cells
}

fn baseline<'a>(group: &'a Group, methods: &Methods) -> Option<&'a MethodResult> {
    let found = group.methods.iter().find(|result| Some(&result.method) == methods.baseline())?;
    found.tests().next().map(|_| found)
}

/// Share of the baseline's errors that a method does not make.
fn errors_saved(result: &MethodResult, baseline: &MethodResult) -> String {
    let errors = |result: &MethodResult| 1.0 - mean(&result.figures(|report| report.accuracy));
    let (own, others) = (errors(result), errors(baseline));
    if result.method == baseline.method || others <= 0.0 {
        return String::new();
    }
    format!("{:+.1} %", 100.0 * (1.0 - own / others))
}

/// What the table says: the most accurate method against the baseline, and whether that could be chance.
pub(super) fn sentence(group: &Group, methods: &Methods) -> Option<String> {
    let accuracy = |result: &MethodResult| mean(&result.figures(|report| report.accuracy));
    let measured = group.methods.iter().filter(|result| result.tests().next().is_some());
    let best = measured.max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))?;
    let figure = format!("<b>{}</b> {}", escape(&best.method), words::share(accuracy(best)));
    let Some(baseline) = baseline(group, methods) else {
        return Some(format!("Test accuracy: {figure}."));
    };
    let name = escape(&baseline.method);
    if best.method == baseline.method {
        return Some(format!("Most accurate on the test rows: {figure}, the baseline itself."));
    }
    let differences = paired(best, baseline);
    let gain = mean(&differences);
    let chance = match half_width(&differences) {
        None => "one seed says nothing about chance".to_owned(),
        Some(half) if half < gain => format!("± {} over seeds: more than chance", words::share(half)),
        Some(half) => format!("± {} over seeds: it could be chance", words::share(half)),
    };
    Some(format!(
        "Most accurate on the test rows: {figure}, {} points over <b>{name}</b> ({chance}).",
        words::points(gain)
    ))
}

//! The table of results, and what it says in a sentence.

use lelp_train::evaluate::Report;

use super::html::{Table, escape};
use super::means::{half_width, mean};
use super::methods::Methods;
use super::words;
use crate::story::{Group, MethodResult};

/// Figures of the teacher and of each method on the test rows.
pub(super) fn table(group: &Group, methods: &Methods) -> Table {
    let baseline = baseline(group, methods);
    let against = baseline.map_or_else(String::new, |result| format!("points over {}", result.method));
    let (interval, chance) = ("95 % over rows", "p over rows");
    let mut headings = vec!["model", "accuracy", &against, interval, chance, "p over seeds"];
    headings.extend(["macro-F1", "AUC", "calibration error"]);
    headings.extend(["agreement with the teacher", "negative log-likelihood", "size", "us a text", "seeds"]);
    headings.retain(|heading| !heading.is_empty());
    let mut table = Table::new(&headings);
    if let Some(teacher) = &group.teacher {
        table.row(cells("teacher", &[teacher], None, [const { String::new() }; 4]));
    }
    for result in &group.methods {
        let reports: Vec<&Report> = result.tests().collect();
        if !reports.is_empty() {
            table.row(cells(&result.method, &reports, result.bytes, difference(result)));
        }
    }
    table.filled()
}

fn cells(model: &str, reports: &[&Report], bytes: Option<u64>, difference: [String; 4]) -> Vec<String> {
    let values =
        |figure: &dyn Fn(&Report) -> f64| reports.iter().map(|report| figure(report)).collect::<Vec<f64>>();
    let share = |values: Vec<f64>| words::share_with(mean(&values), half_width(&values));
    let whole = |figure: &dyn Fn(&Report) -> Option<f64>| {
        let values: Option<Vec<f64>> = reports.iter().map(|report| figure(report)).collect();
        values.map_or_else(String::new, share)
    };
    let mut cells = vec![model.to_owned(), share(values(&|report| report.accuracy))];
    cells.extend(difference);
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

/// Points over the baseline, their interval over test rows, and the chances of so much by luck, corrected for the methods
/// of the table; empty of the baseline itself.
fn difference(result: &MethodResult) -> [String; 4] {
    let Some(own) = &result.against_baseline else { return [const { String::new() }; 4] };
    [
        words::points(own.mean),
        format!("{} to {}", words::points(own.rows.low), words::points(own.rows.high)),
        words::chance(own.rows_p_corrected),
        own.seeds_p_corrected.map_or_else(String::new, words::chance),
    ]
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
    let Some(own) = &best.against_baseline else {
        return Some(format!("Most accurate on the test rows: {figure}."));
    };
    let verdict = if own.is_significant() { "more than chance" } else { "it could be chance" };
    Some(format!(
        "Most accurate on the test rows: {figure}, {} points over <b>{name}</b> (p = {} over the test rows, corrected \
         for the number of methods: {verdict}).",
        words::points(own.mean),
        words::chance(own.rows_p_corrected)
    ))
}

//! The table of results, and a sentence that sums it up.

use lelp_train::evaluate::Report;
use maud::{Markup, html};

use super::method_order::MethodOrder;
use super::number_format;
use super::seed_means::{half_width, mean};
use super::speed::Speed;
use super::table::Table;
use crate::run_report::{MethodResult, ResultGroup};

/// Metrics of the teacher and of each method on the test rows.
pub(super) fn table(group: &ResultGroup, methods: &MethodOrder) -> Table {
    let baseline = baseline(group, methods);
    // A column without a value goes, heading and cells, at the end.
    let against =
        baseline.map_or_else(|| "points".to_owned(), |result| format!("points over {}", result.method));
    let (interval, chance) = ("95 % over rows", "p over rows");
    // What is asked first stands first: on a narrow screen the rest is scrolled to.
    let mut headings =
        vec!["model", "accuracy", "size", "us a text", &against, interval, chance, "p over seeds"];
    headings.extend(["macro-F1", "AUC", "calibration error"]);
    headings.extend(["agreement with the teacher", "negative log-likelihood", "seeds"]);
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
    table.without_empty_columns()
}

fn cells(model: &str, reports: &[&Report], bytes: Option<u64>, difference: [String; 4]) -> Vec<String> {
    let values =
        |figure: &dyn Fn(&Report) -> f64| reports.iter().map(|report| figure(report)).collect::<Vec<f64>>();
    let share = |values: Vec<f64>| number_format::share_with(mean(&values), half_width(&values));
    let whole = |figure: &dyn Fn(&Report) -> Option<f64>| {
        let values: Option<Vec<f64>> = reports.iter().map(|report| figure(report)).collect();
        values.map_or_else(String::new, share)
    };
    let mut cells = vec![
        model.to_owned(),
        share(values(&|report| report.accuracy)),
        bytes.map_or_else(String::new, number_format::bytes),
        Speed::of(reports.iter().copied()).map_or_else(String::new, Speed::text),
    ];
    cells.extend(difference);
    cells.extend([
        share(values(&|report| report.macro_f1)),
        whole(&|report| report.auc),
        share(values(&|report| report.expected_calibration_error)),
        whole(&|report| report.agreement),
        share(values(&|report| report.negative_log_likelihood)),
        reports.len().to_string(),
    ]);
    cells
}

fn baseline<'a>(group: &'a ResultGroup, methods: &MethodOrder) -> Option<&'a MethodResult> {
    let found = group.methods.iter().find(|result| Some(&result.method) == methods.baseline())?;
    found.tests().next().map(|_| found)
}

/// Percentage points over the baseline, their confidence interval over test rows, and the p-values over rows and over
/// seeds, corrected for the number of methods; empty for the baseline itself.
fn difference(result: &MethodResult) -> [String; 4] {
    let Some(own) = &result.against_baseline else { return [const { String::new() }; 4] };
    [
        number_format::points(own.mean),
        format!("{} to {}", number_format::points(own.rows.low), number_format::points(own.rows.high)),
        number_format::p_value(own.rows_p_corrected),
        own.seeds_p_corrected.map_or_else(String::new, number_format::p_value),
    ]
}

/// What the table shows: the most accurate method against the baseline, and whether the difference is significant.
pub(super) fn sentence(group: &ResultGroup, methods: &MethodOrder) -> Option<Markup> {
    let accuracy = |result: &MethodResult| mean(&result.metric(|report| report.accuracy));
    let measured = group.methods.iter().filter(|result| result.tests().next().is_some());
    let best = measured.max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))?;
    let measured = html! { b { (best.method) } " " (number_format::share(accuracy(best))) };
    let Some(baseline) = baseline(group, methods) else {
        return Some(html! { "Test accuracy: " (measured) "." });
    };
    let most = html! { "Most accurate on the test rows: " (measured) };
    if best.method == baseline.method {
        return Some(html! { (most) ", the baseline itself." });
    }
    let Some(difference) = &best.against_baseline else { return Some(html! { (most) "." }) };
    let points = number_format::points(difference.mean);
    if matches!(points.as_str(), "+0.00" | "-0.00") {
        return Some(html! { (most) ", as accurate as " b { (baseline.method) } "." });
    }
    let verdict = if difference.is_significant() { "more than chance" } else { "it could be chance" };
    Some(html! {
        (most) ", " (points) " points over " b { (baseline.method) }
        " (p = " (number_format::p_value(difference.rows_p_corrected))
        " over the test rows, corrected for the number of methods: " (verdict) ")."
    })
}

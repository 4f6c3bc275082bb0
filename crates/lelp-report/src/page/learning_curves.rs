//! Learning curves: scores and losses by epoch.

use std::collections::BTreeMap;

use lelp_train::training::{EpochRecord, ValidationMetric};
use plotly::common::Mode;

use super::chart::{Chart, axis, hover_text, padded_range, plot, points};
use super::method_order::MethodOrder;
use super::number_format;
use super::seed_means::mean;
use super::table::Table;
use crate::run_report::{MethodResult, ResultGroup};

/// Score on the validation rows by epoch, as the mean over seeds.
pub(super) fn validation(group: &ResultGroup, methods: &MethodOrder) -> Option<Chart> {
    let metric = group.methods.iter().flat_map(epochs).find_map(|epoch| epoch.validation)?.metric;
    let word = match metric {
        ValidationMetric::Accuracy => "validation accuracy",
        ValidationMetric::Agreement => "agreement with the teacher on validation rows",
    };
    let scores =
        padded_range(group.methods.iter().flat_map(epochs).filter_map(|epoch| Some(epoch.validation?.value)));
    let mut plot = plot(axis("epoch").dtick(tick_distance(group)), axis(word).range(scores));
    let mut numbers = Table::new(&["method", "epoch", "mean", "seeds"]);
    for result in &group.methods {
        let scores = by_epoch(result, |epoch| epoch.validation.map(|score| score.value));
        if scores.is_empty() {
            continue;
        }
        let (x, y): (Vec<f64>, Vec<f64>) =
            scores.iter().map(|(epoch, scores)| (*epoch as f64, mean(scores))).unzip();
        let hover = scores.iter().map(|(epoch, scores)| {
            hover_text(&[&format!(
                "{}, epoch {epoch}: {}",
                result.method,
                number_format::share(mean(scores))
            )])
        });
        let hover = hover.collect();
        plot.add_trace(points(
            &result.method,
            methods.position(&result.method),
            Mode::LinesMarkers,
            x,
            y,
            hover,
        ));
        for (epoch, scores) in &scores {
            let cells = [epoch.to_string(), number_format::share(mean(scores)), scores.len().to_string()];
            numbers.row([result.method.clone()].into_iter().chain(cells));
        }
    }
    let caption =
        "A curve that still rises at its end asks for more epochs; one that falls overfits. The student is \
                   the one of the best epoch."
            .to_owned();
    Some(Chart { heading: "Learning curves".to_owned(), caption, plot, height: 380, numbers })
}

/// Unweighted terms of the loss by epoch. Only for a single method: terms of different methods have different units.
pub(super) fn terms(group: &ResultGroup) -> Option<Chart> {
    let [result] = &group.methods[..] else { return None };
    let mut names: Vec<&String> = Vec::new();
    for term in epochs(result).flat_map(|epoch| &epoch.terms) {
        if !names.contains(&&term.name) {
            names.push(&term.name);
        }
    }
    let mut plot = plot(axis("epoch").dtick(tick_distance(group)), axis("mean over training rows"));
    let mut numbers = Table::new(&["term", "epoch", "mean"]);
    for (place, name) in names.iter().enumerate() {
        let of_name =
            |epoch: &EpochRecord| epoch.terms.iter().find(|term| term.name == **name).map(|term| term.mean);
        let means = by_epoch(result, of_name);
        let (x, y) = means.iter().map(|(epoch, values)| (*epoch as f64, mean(values))).unzip();
        let hover = means
            .iter()
            .map(|(epoch, values)| hover_text(&[&format!("{name}, epoch {epoch}: {:.4}", mean(values))]));
        plot.add_trace(points(name, place, Mode::LinesMarkers, x, y, hover.collect()));
        for (epoch, values) in &means {
            numbers.row([(*name).clone(), epoch.to_string(), format!("{:.4}", mean(values))]);
        }
    }
    let caption = "Each term of the loss before it is weighted. All of them should fall.".to_owned();
    let heading = "Terms of the loss".to_owned();
    (!names.is_empty()).then(|| Chart { heading, caption, plot, height: 340, numbers })
}

fn epochs(result: &MethodResult) -> impl Iterator<Item = &EpochRecord> {
    result.runs.iter().flat_map(|run| &run.epochs)
}

/// Values of each epoch, one for each seed that reached it.
fn by_epoch(result: &MethodResult, value: impl Fn(&EpochRecord) -> Option<f64>) -> BTreeMap<usize, Vec<f64>> {
    let mut values: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for epoch in epochs(result) {
        if let Some(value) = value(epoch) {
            values.entry(epoch.epoch).or_default().push(value);
        }
    }
    values
}

/// Number of epochs between two ticks.
fn tick_distance(group: &ResultGroup) -> f64 {
    let last = group.methods.iter().flat_map(epochs).map(|epoch| epoch.epoch).max().unwrap_or(1);
    last.div_ceil(10).max(1) as f64
}

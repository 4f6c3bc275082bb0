//! The trials of the search for settings.

use std::collections::BTreeSet;

use plotly::common::{HoverInfo, Line, Marker, Mode};
use plotly::layout::{AxisType, CategoryOrder};
use plotly::{Plot, Scatter};
use serde_json::Value;

use super::chart::{Chart, axis, hover_text, padded_range, plot, plot_text};
use super::method_order::MethodOrder;
use super::number_format;
use super::palette::{colour, symbol};
use super::table::Table;
use crate::run_report::{MethodResult, ResultGroup, TrialResult};

/// One chart for each varied setting: validation score against its value.
pub(super) fn charts(group: &ResultGroup, methods: &MethodOrder) -> Vec<(String, Chart)> {
    let varied: BTreeSet<&String> = group.methods.iter().flat_map(varied).collect();
    varied.into_iter().map(|name| (name.clone(), chart(group, name, methods))).collect()
}

/// All trials of a group, with the varied settings.
pub(super) fn table(group: &ResultGroup) -> Table {
    let mut table =
        Table::new(&["method", "trial", "validation", "negative log-likelihood", "settings varied"]);
    for result in &group.methods {
        let names: BTreeSet<&String> = varied(result).collect();
        for trial in &result.trials {
            let of = |name: &&&String| {
                trial.settings.get(**name).map(|value| format!("{name} {}", text_of(value)))
            };
            let settings = names.iter().filter_map(|name| of(&name)).collect::<Vec<_>>().join(", ");
            table.row([
                result.method.clone(),
                trial.number.to_string(),
                number_format::share(trial.validation.value),
                format!("{:.4}", trial.validation.negative_log_likelihood),
                settings,
            ]);
        }
    }
    table
}

/// Settings of a method that have more than one value among its trials.
fn varied(result: &MethodResult) -> impl Iterator<Item = &String> {
    let first = result.trials.first().map(|trial| &trial.settings);
    let names = first.into_iter().flat_map(|settings| settings.iter());
    names
        .filter(|(name, value)| result.trials.iter().any(|trial| trial.settings.get(*name) != Some(value)))
        .map(|(name, _)| name)
}

fn chart(group: &ResultGroup, name: &str, methods: &MethodOrder) -> Chart {
    let values = values(group, name);
    let across =
        axis(name).type_(AxisType::Category).category_order(CategoryOrder::Array).category_array(values);
    let trials = group.methods.iter().flat_map(|result| &result.trials);
    let scores = padded_range(trials.map(|trial| trial.validation.value));
    let mut plot = plot(across, axis("validation score").range(scores));
    let mut numbers = Table::new(&["method", "trial", name, "validation"]);
    for result in group.methods.iter().filter(|result| varied(result).any(|varied| varied == name)) {
        add_trials(&mut plot, &mut numbers, result, name, methods);
    }
    let caption = format!(
        "Each mark is a trial. Where the marks of a method differ little from left to right, {name} matters little; where \
         the best lie at an end, a wider search may find better. The search does not see the test rows."
    );
    Chart { heading: format!("Validation against {name}"), caption, plot, height: 360, numbers }
}

fn add_trials(
    plot: &mut Plot,
    numbers: &mut Table,
    result: &MethodResult,
    name: &str,
    methods: &MethodOrder,
) {
    let place = methods.position(&result.method);
    let (mut x, mut y, mut hover) = (Vec::new(), Vec::new(), Vec::new());
    for trial in &result.trials {
        let Some(value) = trial.settings.get(name) else { continue };
        let score = trial.validation.value;
        x.push(plot_text(&text_of(value)));
        y.push(score);
        hover.push(hover_text(&[&sentence(result, trial, name, value)]));
        numbers.row([
            result.method.clone(),
            trial.number.to_string(),
            text_of(value),
            number_format::share(score),
        ]);
    }
    let marker = Marker::new().color(colour(place)).symbol(symbol(place)).size(10).opacity(0.75);
    let trace = Scatter::new(x, y)
        .name(plot_text(&result.method))
        .mode(Mode::Markers)
        .marker(marker.line(Line::new().color(colour(place)).width(1.0)))
        .hover_info(HoverInfo::Text)
        .hover_text_array(hover);
    plot.add_trace(trace);
}

fn sentence(result: &MethodResult, trial: &TrialResult, name: &str, value: &Value) -> String {
    let score = number_format::share(trial.validation.value);
    format!("{}, trial {}: {name} {}, validation {score}", result.method, trial.number, text_of(value))
}

/// The values of a setting over all methods, numbers by size before words.
fn values(group: &ResultGroup, name: &str) -> Vec<String> {
    let trials = group.methods.iter().flat_map(|result| &result.trials);
    let mut values: Vec<&Value> = trials.filter_map(|trial| trial.settings.get(name)).collect();
    let rank = |value: &Value| value.as_f64().unwrap_or(f64::INFINITY);
    values.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then_with(|| text_of(a).cmp(&text_of(b))));
    values.dedup();
    values.into_iter().map(|value| plot_text(&text_of(value))).collect()
}

/// A setting's value as text.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    }
}

//! What the search for settings tried.

use std::collections::BTreeSet;

use plotly::common::{HoverInfo, Line, Marker, Mode};
use plotly::layout::{AxisType, CategoryOrder};
use plotly::{Plot, Scatter};
use serde_json::Value;

use super::chart::{Chart, around, axis, label, plot, told};
use super::html::Table;
use super::methods::Methods;
use super::palette::{colour, symbol};
use super::words;
use crate::story::{Group, MethodResult, Trial};

/// A chart for each setting that was varied: validation score against its value.
pub(super) fn charts(group: &Group, methods: &Methods) -> Vec<(String, Chart)> {
    let varied: BTreeSet<&String> = group.methods.iter().flat_map(varied).collect();
    varied.into_iter().map(|name| (name.clone(), chart(group, name, methods))).collect()
}

/// All trials of a group, with the settings that were varied.
pub(super) fn table(group: &Group) -> Table {
    let mut table =
        Table::new(&["method", "trial", "validation", "negative log-likelihood", "settings varied"]);
    for result in &group.methods {
        let names: BTreeSet<&String> = varied(result).collect();
        for trial in &result.trials {
            let of =
                |name: &&&String| trial.settings.get(**name).map(|value| format!("{name} {}", word(value)));
            let settings = names.iter().filter_map(|name| of(&name)).collect::<Vec<_>>().join(", ");
            table.row([
                result.method.clone(),
                trial.number.to_string(),
                words::share(trial.validation.value),
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

fn chart(group: &Group, name: &str, methods: &Methods) -> Chart {
    let values = values(group, name);
    let across =
        axis(name).type_(AxisType::Category).category_order(CategoryOrder::Array).category_array(values);
    let trials = group.methods.iter().flat_map(|result| &result.trials);
    let scores = around(trials.map(|trial| trial.validation.value));
    let mut plot = plot(across, axis("validation score").range(scores));
    let mut numbers = Table::new(&["method", "trial", name, "validation"]);
    for result in group.methods.iter().filter(|result| varied(result).any(|varied| varied == name)) {
        add(&mut plot, &mut numbers, result, name, methods);
    }
    let caption = format!(
        "Each mark is a trial. Where marks of a method differ little from left to right, {name} matters little; where the \
         best lie at an end, a wider search may find better. Test rows had no part in it."
    );
    Chart { heading: format!("Validation against {name}"), caption, plot, height: 360, numbers }
}

fn add(plot: &mut Plot, numbers: &mut Table, result: &MethodResult, name: &str, methods: &Methods) {
    let place = methods.place(&result.method);
    let (mut x, mut y, mut told_of) = (Vec::new(), Vec::new(), Vec::new());
    for trial in &result.trials {
        let Some(value) = trial.settings.get(name) else { continue };
        let score = trial.validation.value;
        x.push(label(&word(value)));
        y.push(score);
        told_of.push(told(&[&sentence(result, trial, name, value)]));
        numbers.row([result.method.clone(), trial.number.to_string(), word(value), words::share(score)]);
    }
    let marker = Marker::new().color(colour(place)).symbol(symbol(place)).size(10).opacity(0.75);
    let trace = Scatter::new(x, y)
        .name(label(&result.method))
        .mode(Mode::Markers)
        .marker(marker.line(Line::new().color(colour(place)).width(1.0)))
        .hover_info(HoverInfo::Text)
        .hover_text_array(told_of);
    plot.add_trace(trace);
}

fn sentence(result: &MethodResult, trial: &Trial, name: &str, value: &Value) -> String {
    let score = words::share(trial.validation.value);
    format!("{}, trial {}: {name} {}, validation {score}", result.method, trial.number, word(value))
}

/// The values of a setting over all methods: numbers by size, then words.
fn values(group: &Group, name: &str) -> Vec<String> {
    let trials = group.methods.iter().flat_map(|result| &result.trials);
    let mut values: Vec<&Value> = trials.filter_map(|trial| trial.settings.get(name)).collect();
    let rank = |value: &Value| value.as_f64().unwrap_or(f64::INFINITY);
    values.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then_with(|| word(a).cmp(&word(b))));
    values.dedup();
    values.into_iter().map(|value| label(&word(value))).collect()
}

/// A setting's value as a word.
fn word(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    }
}

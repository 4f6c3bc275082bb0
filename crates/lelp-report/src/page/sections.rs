//! The sections of a page, in order; those with nothing to show are left out.

use maud::{Markup, html};

use super::chart::Chart;
use super::html::identifier;
use super::method_order::MethodOrder;
use super::table::Table;
use super::{
    accuracy, cascade, confusion, learning_curves, projection, reliability, results_table, search_trials,
    settings_tables, spectra, speed_and_accuracy, subclass_cards,
};
use crate::analysis::EmbeddingAnalysis;
use crate::run_report::{MethodResult, ResultGroup, RunReport};

/// A section.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) html: Markup,
}

/// Every section that has something to show.
pub(super) fn all(run: &RunReport, methods: &MethodOrder) -> Vec<Section> {
    let charts = |of: &dyn Fn(&ResultGroup) -> Vec<Chart>| {
        each_group(run, |group, scope| charts_side_by_side(&of(group), scope))
    };
    let sections = [
        ("Results", each_group(run, |group, scope| results(group, methods, scope))),
        (
            "Accuracy",
            charts(&|group| {
                accuracy::bars(group, methods).into_iter().chain(accuracy::gains(group, methods)).collect()
            }),
        ),
        ("Speed and accuracy", speed(run, methods)),
        ("Cascade", charts_side_by_side(run.cascade.as_ref().and_then(cascade::chart).as_slice(), "cascade")),
        (
            "Learning curves",
            charts(&|group| {
                let validation = learning_curves::validation(group, methods);
                validation.into_iter().chain(learning_curves::terms(group)).collect()
            }),
        ),
        ("Reliability", charts(&|group| reliability::diagram(group, methods).into_iter().collect())),
        (
            "Confusion",
            each_group(run, |group, scope| chart_chooser(&confusion::charts(group), "Model", scope)),
        ),
        (
            "Embeddings",
            each_analysis(run, |analysis, scope| charts_side_by_side(&projection::charts(analysis), scope)),
        ),
        (
            "Class spectra",
            each_analysis(run, |analysis, scope| {
                charts_side_by_side(spectra::chart(analysis).as_slice(), scope)
            }),
        ),
        ("Subclasses", each_analysis(run, |analysis, _| subclasses(analysis))),
        ("Search for settings", each_group(run, |group, scope| search(group, methods, scope))),
        ("Failures", failures(run)),
        ("Settings and hashes", settings_tables::html(&run.settings)),
        ("Left out", omissions(run)),
    ];
    let present = sections.into_iter().filter(|(_, html)| !is_empty(html));
    present.map(|(heading, html)| Section { heading, html }).collect()
}

fn is_empty(html: &Markup) -> bool {
    html.0.is_empty()
}

/// The names that distinguish a group from the others.
fn scope(group: &ResultGroup) -> String {
    let setting = &group.setting;
    [&setting.data, &setting.teacher, &setting.student].map(String::as_str).join(" · ")
}

/// HTML of each group.
fn each_group(run: &RunReport, of: impl Fn(&ResultGroup, &str) -> Markup) -> Markup {
    under_names(run.groups.iter().map(|group| {
        let scope = scope(group);
        let html = of(group, &scope);
        (scope, html)
    }))
}

/// HTML of each analysis.
fn each_analysis(run: &RunReport, of: impl Fn(&EmbeddingAnalysis, &str) -> Markup) -> Markup {
    under_names(run.analyses.iter().map(|analysis| {
        let split = analysis.split.as_ref().map_or_else(String::new, |split| format!(" · split {split}"));
        let scope = format!("{} · {}{split}", analysis.data, analysis.teacher);
        let html = of(analysis, &scope);
        (scope, html)
    }))
}

/// Each part under its name, without the empty ones; the name is left out where there is only one part.
fn under_names(parts: impl ExactSizeIterator<Item = (String, Markup)>) -> Markup {
    let several = parts.len() > 1;
    html! {
        @for (name, part) in parts {
            @if several && !is_empty(&part) { h3 { (name) } }
            (part)
        }
    }
}

/// Charts side by side where there is room.
fn charts_side_by_side(charts: &[Chart], scope: &str) -> Markup {
    html! {
        @if !charts.is_empty() {
            div class="charts" { @for chart in charts { (chart.html(scope)) } }
        }
    }
}

/// One of several charts at a time, chosen by name; all of them where scripts are disabled.
fn chart_chooser(charts: &[(String, Chart)], label: &str, scope: &str) -> Markup {
    if let [(_, chart)] = charts {
        return charts_side_by_side(std::slice::from_ref(chart), scope);
    }
    let id = identifier(&format!("choose {label} {scope}"));
    html! {
        @if !charts.is_empty() {
            p class="choose" {
                label for=(id) { (label) } " "
                select id=(id) { @for (name, _) in charts { option { (name) } } }
            }
            div class="charts panels" data-chooser=(id) { @for (_, chart) in charts { (chart.html(scope)) } }
        }
    }
}

fn results(group: &ResultGroup, methods: &MethodOrder, scope: &str) -> Markup {
    let table = results_table::table(group, methods);
    let rows = group.methods.iter().flat_map(MethodResult::tests).map(|report| report.labelled_rows).max();
    html! {
        @if !table.is_empty() {
            @if let Some(sentence) = results_table::sentence(group, methods) { p class="lead" { (sentence) } }
            (table.html(&format!("Results, {scope}")))
            p class="quiet" {
                "Means over seeds, ± half a 95 % interval, on " (rows.unwrap_or(0))
                " test rows. us: microseconds, tokenising included, as median and range over seeds; one measurement alone is not shown."
            }
        }
    }
}

/// A chart for each data set, with all students on it.
fn speed(run: &RunReport, methods: &MethodOrder) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for group in &run.groups {
        if !names.contains(&group.setting.data.as_str()) {
            names.push(&group.setting.data);
        }
    }
    let of_data = |name: &&str| {
        let groups: Vec<&ResultGroup> =
            run.groups.iter().filter(|group| group.setting.data == **name).collect();
        speed_and_accuracy::chart(name, &groups, methods)
    };
    charts_side_by_side(&names.iter().filter_map(of_data).collect::<Vec<_>>(), "speed")
}

fn search(group: &ResultGroup, methods: &MethodOrder, scope: &str) -> Markup {
    let table = search_trials::table(group);
    html! {
        @if !table.is_empty() {
            (chart_chooser(&search_trials::charts(group, methods), "Setting", scope))
            (table.folded("All trials", &format!("Trials, {scope}")))
        }
    }
}

fn subclasses(analysis: &EmbeddingAnalysis) -> Markup {
    html! {
        @if let Some(inspection) = &analysis.inspection {
            (subclass_cards::html(inspection))
            (subclass_cards::table(inspection).folded("The numbers", "Subclasses"))
        }
    }
}

fn failures(run: &RunReport) -> Markup {
    let mut table = Table::new(&["data · teacher · student", "method", "outcome", "reason"]);
    for failed in &run.failures {
        let setting = &failed.setting;
        let names = [&setting.data, &setting.teacher, &setting.student].map(String::as_str).join(" · ");
        let outcome = if failed.refused { "refused" } else { "failed" };
        table.row([names, failed.method.clone(), outcome.to_owned(), failed.error.clone()]);
    }
    html! { @if !table.is_empty() { (table.html("Failures")) } }
}

fn omissions(run: &RunReport) -> Markup {
    html! {
        @if !run.omissions.is_empty() {
            ul { @for omission in &run.omissions { li { (omission.part) ": " (omission.reason) } } }
        }
    }
}

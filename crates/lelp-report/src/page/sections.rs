//! The sections of a page, in order; those with nothing to show are left out.

use super::chart::Chart;
use super::html::{Table, escape, identifier};
use super::methods::Methods;
use super::{
    accuracy, cards, confusion, curves, map, reliability, results, search, settings, spectrum, speed,
};
use crate::look::Look;
use crate::story::{Group, MethodResult, Story};

/// A section.
pub(super) struct Section {
    /// A heading of ours, hence no text of a user.
    pub(super) heading: &'static str,
    pub(super) html: String,
}

/// Every section that has something to show.
pub(super) fn all(story: &Story, methods: &Methods) -> Vec<Section> {
    let charts = |of: &dyn Fn(&Group) -> Vec<Chart>| grouped(story, |group, scope| drawn(&of(group), scope));
    let panels = |of: &dyn Fn(&Group) -> Vec<(String, Chart)>, what: &str| {
        grouped(story, |group, scope| chooser(&of(group), what, scope))
    };
    let sections = [
        ("Results", summary(story, methods)),
        (
            "Accuracy",
            charts(&|group| {
                accuracy::bars(group, methods).into_iter().chain(accuracy::gains(group, methods)).collect()
            }),
        ),
        ("Speed and accuracy", speeds(story, methods)),
        (
            "Learning curves",
            charts(&|group| {
                curves::validation(group, methods).into_iter().chain(curves::terms(group)).collect()
            }),
        ),
        ("Reliability", charts(&|group| reliability::diagram(group, methods).into_iter().collect())),
        ("Confusion", panels(&confusion::charts, "Model")),
        ("Embeddings", looked(story, &|look, scope| drawn(&map::charts(look), scope))),
        (
            "Class spectra",
            looked(story, &|look, scope| {
                spectrum::chart(look).map_or_else(String::new, |chart| drawn(&[chart], scope))
            }),
        ),
        ("Subclasses", looked(story, &|look, _| subclasses(look))),
        ("Search for settings", grouped(story, |group, scope| searched(group, methods, scope))),
        ("Failures", failures(story)),
        ("Settings and hashes", settings::html(&story.settings)),
        ("Left out", left_out(story)),
    ];
    let present = sections.into_iter().filter(|(_, html)| !html.is_empty());
    present.map(|(heading, html)| Section { heading, html }).collect()
}

/// The words that tell a group from the others.
fn scope(group: &Group) -> String {
    let setting = &group.setting;
    [&setting.data, &setting.teacher, &setting.student].map(String::as_str).join(" · ")
}

/// HTML of each group under its name; the name alone is left out where there is one group.
fn grouped(story: &Story, of: impl Fn(&Group, &str) -> String) -> String {
    let under_name = |group: &Group| {
        let scope = scope(group);
        let html = of(group, &scope);
        if html.is_empty() || story.groups.len() == 1 {
            html
        } else {
            format!("<h3>{}</h3>\n{html}", escape(&scope))
        }
    };
    story.groups.iter().map(under_name).collect()
}

/// HTML of each look under its name.
fn looked(story: &Story, of: &dyn Fn(&Look, &str) -> String) -> String {
    let under_name = |look: &Look| {
        let split = look.split.as_ref().map_or_else(String::new, |split| format!(" · split {split}"));
        let scope = format!("{} · {}{split}", look.data, look.teacher);
        let html = of(look, &scope);
        if html.is_empty() || story.looks.len() == 1 {
            html
        } else {
            format!("<h3>{}</h3>\n{html}", escape(&scope))
        }
    };
    story.looks.iter().map(under_name).collect()
}

/// Charts side by side where there is room.
fn drawn(charts: &[Chart], scope: &str) -> String {
    if charts.is_empty() {
        return String::new();
    }
    let charts: String = charts.iter().map(|chart| chart.html(scope)).collect();
    format!("<div class=\"charts\">\n{charts}</div>\n")
}

/// One of several charts at a time, chosen by name; all of them where there is no script.
fn chooser(charts: &[(String, Chart)], what: &str, scope: &str) -> String {
    if let [(_, chart)] = charts {
        return drawn(std::slice::from_ref(chart), scope);
    }
    let id = identifier(&format!("choose {what} {scope}"));
    let options: Vec<String> =
        charts.iter().map(|(name, _)| format!("<option>{}</option>", escape(name))).collect();
    let panels: String = charts.iter().map(|(_, chart)| chart.html(scope)).collect();
    if charts.is_empty() {
        return String::new();
    }
    format!(
        "<p class=\"choose\"><label for=\"{id}\">{what}</label> <select id=\"{id}\">{}</select></p>\n\
         <div class=\"charts panels\" data-chooser=\"{id}\">\n{panels}</div>\n",
        options.concat()
    )
}

fn summary(story: &Story, methods: &Methods) -> String {
    grouped(story, |group, scope| {
        let table = results::table(group, methods);
        if table.is_empty() {
            return String::new();
        }
        let sentence = results::sentence(group, methods);
        let sentence =
            sentence.map_or_else(String::new, |sentence| format!("<p class=\"lead\">{sentence}</p>\n"));
        let rows =
            group.methods.iter().flat_map(MethodResult::tests).map(|report| report.labelled_rows).max();
        format!(
            "{sentence}{}<p class=\"quiet\">Means over seeds, ± half a 95 % interval, on {} test rows. us: microseconds, \
             tokenising included.</p>\n",
            table.html(&format!("Results, {scope}")),
            rows.unwrap_or(0)
        )
    })
}

/// A chart for each data set, all students on it.
fn speeds(story: &Story, methods: &Methods) -> String {
    let mut names: Vec<&str> = Vec::new();
    for group in &story.groups {
        if !names.contains(&group.setting.data.as_str()) {
            names.push(&group.setting.data);
        }
    }
    let of_data = |name: &&str| {
        let groups: Vec<&Group> = story.groups.iter().filter(|group| group.setting.data == **name).collect();
        speed::chart(name, &groups, methods)
    };
    drawn(&names.iter().filter_map(of_data).collect::<Vec<_>>(), "speed")
}

fn searched(group: &Group, methods: &Methods, scope: &str) -> String {
    let charts = search::charts(group, methods);
    let table = search::table(group);
    if table.is_empty() {
        return String::new();
    }
    let table = table.html(&format!("Trials, {scope}"));
    let all = format!("<details class=\"numbers\"><summary>All trials</summary>{table}</details>\n");
    chooser(&charts, "Setting", scope) + &all
}

fn subclasses(look: &Look) -> String {
    let Some(inspection) = &look.inspection else { return String::new() };
    let table = cards::table(inspection).html("Subclasses");
    let numbers = format!("<details class=\"numbers\"><summary>The numbers</summary>{table}</details>\n");
    cards::html(inspection) + &numbers
}

fn failures(story: &Story) -> String {
    let mut table = Table::new(&["data · teacher · student", "method", "what became of it", "why"]);
    for failed in &story.failures {
        let setting = &failed.setting;
        let place = [&setting.data, &setting.teacher, &setting.student].map(String::as_str).join(" · ");
        let became = if failed.refused { "refused" } else { "failed" };
        table.row([place, failed.method.clone(), became.to_owned(), failed.error.clone()]);
    }
    if table.is_empty() { String::new() } else { table.html("Failures") }
}

fn left_out(story: &Story) -> String {
    if story.left_out.is_empty() {
        return String::new();
    }
    let items =
        story.left_out.iter().map(|left| format!("<li>{}: {}</li>", escape(&left.what), escape(&left.why)));
    format!("<ul>{}</ul>\n", items.collect::<String>())
}

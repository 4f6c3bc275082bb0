//! The report of a fit, as a table, as JSON and as warnings.

use lelp::{ClusterReport, HeadSource, LelpFit, SubclassFit};
use serde_json::{Value, json};

use crate::printer::Printer;
use crate::text_table::TextTable;

/// The report as a table, a line for each class.
pub(crate) fn as_table(fit: &SubclassFit, names: &[String]) -> String {
    let mut table = TextTable::new(headings(fit));
    for (class, name) in names.iter().enumerate() {
        let mut cells = vec![name.clone()];
        match fit {
            SubclassFit::Directions(fit) => {
                let report = &fit.reports()[class];
                cells.push(report.members.to_string());
                cells.push(fit.per_class().to_string());
                cells.push(percent(report.variance_kept()));
                cells.push(format!("{:.1}", report.effective_rank()));
            }
            SubclassFit::Clusters(fit) => {
                let report = &fit.reports()[class];
                cells.push(report.members.to_string());
                cells.push(report.sampled().to_string());
                cells.push(joined(&report.sizes));
                cells.push(percent(report.variance_between()));
            }
            SubclassFit::RandomSubclass(random) => {
                cells.push(random.members()[class].to_string());
                cells.push(fit.per_class().to_string());
            }
            SubclassFit::Oracle(fit) => {
                let labels = &fit.fine_labels()[class];
                cells.push(labels.iter().map(|(_, rows)| rows).sum::<u64>().to_string());
                cells.push(labels.len().to_string());
            }
        }
        table.row(&cells);
    }
    table.to_string()
}

fn headings(fit: &SubclassFit) -> &'static [&'static str] {
    match fit {
        SubclassFit::Directions(_) => &["class", "members", "directions", "variance kept", "effective rank"],
        SubclassFit::Clusters(_) => &["class", "members", "fitted on", "cluster sizes", "variance between"],
        SubclassFit::RandomSubclass(_) => &["class", "members", "random subclasses"],
        SubclassFit::Oracle(_) => &["class", "rows with a fine label", "fine labels"],
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn joined(sizes: &[u64]) -> String {
    sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// The report as JSON: settings, source of the head, classes.
pub(super) fn as_json(fit: &SubclassFit, names: &[String]) -> String {
    let classes: Vec<Value> = match fit {
        SubclassFit::Directions(fit) => named(names, fit.reports(), |report| {
            json!({
                "members": report.members,
                "variance": report.variance,
                "variance_kept": report.variance_kept(),
                "effective_rank": report.effective_rank(),
            })
        }),
        SubclassFit::Clusters(fit) => named(names, fit.reports(), |report| {
            json!({
                "members": report.members,
                "fitted_on": report.sampled(),
                "sizes": report.sizes,
                "variance": report.variance,
                "variance_between": report.variance_between(),
                "radius": report.radius,
            })
        }),
        SubclassFit::RandomSubclass(fit) => {
            named(names, fit.members(), |members| json!({ "members": members }))
        }
        SubclassFit::Oracle(fit) => named(names, fit.fine_labels(), |labels| {
            let label = |(fine, rows): &(u32, u64)| {
                let name = fit.fine_names().map(|names| names[*fine as usize].as_str());
                json!({ "label": fine, "name": name, "rows": rows })
            };
            json!({ "fine_labels": labels.iter().map(label).collect::<Vec<_>>() })
        }),
    };
    json!({ "settings": fit.settings(), "head": head(fit), "classes": classes }).to_string()
}

fn named<R>(names: &[String], reports: &[R], as_json: impl Fn(&R) -> Value) -> Vec<Value> {
    let one = |(name, report): (&String, &R)| {
        let mut value = as_json(report);
        value["class"] = json!(name);
        value
    };
    names.iter().zip(reports).map(one).collect()
}

fn head(fit: &SubclassFit) -> Option<HeadSource> {
    match fit {
        SubclassFit::Directions(fit) => Some(fit.head_source()),
        SubclassFit::Clusters(fit) => Some(fit.head_source()),
        SubclassFit::RandomSubclass(_) | SubclassFit::Oracle(_) => None,
    }
}

/// Warns of what makes a fit a poor teacher.
pub(super) fn warn(fit: &SubclassFit, names: &[String], printer: Printer) {
    if let Some(HeadSource::Estimated { explained }) = head(fit) {
        let share = 100.0 * explained;
        printer.warn(&format!(
            "the signals hold no head: it was estimated from the logits, of whose variance it explains {share:.1} %"
        ));
    }
    match fit {
        SubclassFit::Directions(fit) => warn_of_directions(fit, names, printer),
        SubclassFit::Clusters(fit) => {
            for (name, report) in names.iter().zip(fit.reports()) {
                warn_of_clusters(report, name, printer);
            }
        }
        SubclassFit::RandomSubclass(_) | SubclassFit::Oracle(_) => {}
    }
}

fn warn_of_directions(fit: &LelpFit, names: &[String], printer: Printer) {
    for (name, report) in names.iter().zip(fit.reports()) {
        let rank = report.effective_rank();
        if report.variance_kept() == 0.0 {
            printer.warn(&format!("class `{name}` has no variance to split: its split will be even"));
        } else if fit.per_class() as f64 > rank {
            printer.warn(&format!(
                "{} subclasses of class `{name}` look too many: its variance spreads over {rank:.1} directions",
                fit.per_class()
            ));
        }
    }
}

fn warn_of_clusters(report: &ClusterReport, name: &str, printer: Printer) {
    let empty = report.sizes.iter().filter(|size| **size == 0).count();
    if report.radius == 0.0 {
        printer.warn(&format!("class `{name}` has no variance to split: its split will be even"));
    } else if empty > 0 {
        let clusters = report.sizes.len();
        printer.warn(&format!("{empty} of {clusters} clusters of class `{name}` are empty: its rows repeat"));
    }
    if report.sampled() < report.members {
        let (sampled, members) = (report.sampled(), report.members);
        printer.note(&format!("class `{name}`: fitted on a sample of {sampled} of its {members} rows"));
    }
}

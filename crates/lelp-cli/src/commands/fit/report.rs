//! The report of a fit, as a table, as JSON and as warnings.

use lelp::{ClassReport, FittedSplit, HeadSource, SplitStatistics};
use serde_json::{Value, json};

use crate::printer::Printer;
use crate::text_table::TextTable;

/// Sizes that a cell of the table lists.
const MOST_SIZES: usize = 8;

/// The report as a table, a line for each class, with a column for all that the split knows.
pub(crate) fn as_table(fit: &FittedSplit, names: &[String]) -> String {
    let report = fit.report();
    let per_class = fit.per_class();
    let headings: Vec<&str> = report.classes.first().map_or_else(Vec::new, |class| {
        [("class", String::new())]
            .into_iter()
            .chain(cells(class, per_class))
            .map(|(heading, _)| heading)
            .collect()
    });
    let mut table = TextTable::new(&headings);
    for (name, class) in names.iter().zip(&report.classes) {
        let cells = cells(class, per_class).into_iter().map(|(_, cell)| cell);
        table.row(&[name.clone()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    table.to_string()
}

/// Headings and cells of one class.
fn cells(class: &ClassReport, per_class: usize) -> Vec<(&'static str, String)> {
    let members = if class.fine_labels.is_empty() { "members" } else { "rows with a fine label" };
    let subclasses = class.fine_labels.is_empty().then(|| ("subclasses", per_class.to_string()));
    let sizes = (!class.sizes.is_empty()).then(|| ("cluster sizes", joined(&class.sizes)));
    let labels =
        (!class.fine_labels.is_empty()).then(|| ("fine labels", class.fine_labels.len().to_string()));
    [
        Some((members, class.members.to_string())),
        subclasses,
        class.fitted_on.map(|rows| ("fitted on", rows.to_string())),
        sizes,
        class.variance_kept.map(|share| ("variance kept", percent(share))),
        class.effective_rank.map(|rank| ("effective rank", format!("{rank:.1}"))),
        labels,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Sizes one by one where they are few; else the range of all, which `--json` lists.
fn joined(sizes: &[u64]) -> String {
    if sizes.len() <= MOST_SIZES {
        return sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    }
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    format!("{} to {}, median {}", sorted[0], sorted[sorted.len() - 1], sorted[sorted.len() / 2])
}

/// The report as JSON: settings, source of the head, classes.
pub(super) fn as_json(fit: &FittedSplit, names: &[String]) -> String {
    let report = fit.report();
    let fine_label = |(label, rows): &(u32, u64)| {
        let name = fit.fine_names().map(|names| names[*label as usize].as_str());
        json!({ "label": label, "name": name, "rows": rows })
    };
    let class = |(name, class): (&String, &ClassReport)| {
        let mut value = json!(class);
        value["class"] = json!(name);
        if !class.fine_labels.is_empty() {
            value["fine_labels"] = class.fine_labels.iter().map(fine_label).collect::<Vec<_>>().into();
        }
        value
    };
    let classes: Vec<Value> = names.iter().zip(&report.classes).map(class).collect();
    json!({ "settings": fit.settings(), "head": report.head, "classes": classes }).to_string()
}

/// Warns of what makes a fit a poor teacher.
pub(super) fn warn(fit: &FittedSplit, names: &[String], printer: Printer) {
    let report = fit.report();
    if let Some(HeadSource::Estimated { explained }) = report.head {
        let share = 100.0 * explained;
        printer.warn(&format!(
            "the signals hold no head: it was estimated from the logits, of whose variance it explains {share:.1} %"
        ));
    }
    for (name, class) in names.iter().zip(&report.classes) {
        warn_of_class(class, fit.per_class(), name, printer);
    }
}

/// Share of a class's variance along one direction from which its embeddings say no more than a probability does.
const COLLAPSED: f64 = 0.9;

/// Warns of classes whose embeddings vary in one direction alone, as those of a teacher that was fine-tuned for long do.
pub(super) fn warn_of_collapse(statistics: &SplitStatistics, names: &[String], printer: Printer) {
    let shares =
        names.iter().enumerate().filter_map(|(class, name)| Some((name, statistics.concentration(class)?)));
    let collapsed: Vec<String> = shares
        .filter(|&(_, share)| share >= COLLAPSED)
        .map(|(name, share)| format!("`{name}` ({})", percent(share)))
        .collect();
    match collapsed.len() {
        0 => {}
        found if found == names.len() => printer.warn(&format!(
            "nearly all variance of every class lies in one direction: {}; a split adds little to the teacher's \
             probabilities, and `lelp distill --method kd` will do as well",
            collapsed.join(", ")
        )),
        _ => printer.note(&format!("nearly all variance lies in one direction in {}", collapsed.join(", "))),
    }
}

fn warn_of_class(class: &ClassReport, per_class: usize, name: &str, printer: Printer) {
    let empty = class.empty_subclasses();
    if class.is_even() {
        printer.warn(&format!("class `{name}` has no variance to split: its split will be even"));
    } else if empty > 0 {
        printer
            .warn(&format!("{empty} of {per_class} clusters of class `{name}` are empty: its rows repeat"));
    } else if let Some(rank) = class.effective_rank.filter(|rank| per_class as f64 > *rank) {
        printer.warn(&format!(
            "{per_class} subclasses of class `{name}` look too many: its variance spreads over {rank:.1} directions"
        ));
    }
    if let Some(sampled) = class.fitted_on.filter(|sampled| *sampled < class.members) {
        let members = class.members;
        printer.note(&format!("class `{name}`: fitted on a sample of {sampled} of its {members} rows"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_many_sizes_is_no_longer_than_one_of_few() {
        assert_eq!(joined(&[3, 1, 2]), "3 1 2");
        let many: Vec<u64> = (1..=33).rev().collect();
        assert_eq!(joined(&many), "1 to 33, median 17");
    }
}

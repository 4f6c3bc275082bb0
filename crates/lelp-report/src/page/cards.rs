//! What each subclass is: its words, its typical rows, how sure the teacher is of it.

use std::fmt::Write as _;

use super::html::{Table, escape};
use super::words;
use crate::inspect::{ClassInspection, Inspection, SubclassInspection, TypicalRow};

/// Marks and rows of a card: more are in what `lelp inspect` writes.
const MARKS: usize = 8;
const ROWS: usize = 5;
/// Characters of a typical row.
const TEXT: usize = 400;
/// Pixels of the picture of confidence.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// A card for each subclass, class by class.
pub(super) fn html(inspection: &Inspection) -> String {
    let mut html = format!(
        "<p>{} splits each class of {} rows; the split of a row has {:.3} bits on average (width {}). A share is that of \
         the class's rows; marks are words that the subclass has more often than the rest of its class.</p>\n",
        escape(&inspection.split),
        inspection.rows,
        inspection.entropy,
        inspection.beta
    );
    for class in &inspection.classes {
        html.push_str(&of_class(class));
    }
    html
}

fn of_class(class: &ClassInspection) -> String {
    let kept = class
        .variance_kept
        .map_or_else(String::new, |kept| format!(", {} of the variance kept", words::share(kept)));
    let name = escape(&class.name);
    let mut html = format!("<h4>{name}</h4>\n<p>{} rows{kept}.</p>\n<div class=\"cards\">\n", class.members);
    for (place, subclass) in class.subclasses.iter().enumerate() {
        html.push_str(&card(&class.name, place, subclass));
    }
    html.push_str("</div>\n");
    html
}

fn card(class: &str, place: usize, subclass: &SubclassInspection) -> String {
    let name = subclass.name.clone().unwrap_or_else(|| place.to_string());
    let percent = 100.0 * subclass.share.clamp(0.0, 1.0);
    let mut html = format!(
        "<article class=\"card\"><h5>{}</h5>\n<p class=\"share\"><span class=\"bar\" style=\"width:{percent:.1}%\"></span>\
         <span>{percent:.1} % of the class</span></p>\n",
        escape(&format!("{class} / {name}")),
    );
    html.push_str(&marks(subclass));
    html.push_str(&confidence(&subclass.confidence));
    html.push_str("<ol class=\"rows\">");
    for row in subclass.typical.iter().take(ROWS) {
        html.push_str(&typical(row));
    }
    html.push_str("</ol></article>\n");
    html
}

fn marks(subclass: &SubclassInspection) -> String {
    if subclass.marks.is_empty() {
        return "<p class=\"quiet\">No word marks it.</p>".to_owned();
    }
    let mut html = String::from("<ul class=\"marks\" aria-label=\"marks\">");
    for mark in subclass.marks.iter().take(MARKS) {
        let title =
            format!("{:.1} deviations above the rest of the class, in {} rows", mark.score, mark.rows);
        write!(html, "<li title=\"{}\">{}</li>", escape(&title), escape(&mark.ngram))
            .expect("a string takes all");
    }
    html.push_str("</ul>\n");
    html
}

fn typical(row: &TypicalRow) -> String {
    let text = words::shortened(&row.text, TEXT);
    let pair =
        row.pair.as_ref().map_or_else(String::new, |pair| format!(" / {}", words::shortened(pair, TEXT)));
    let label = row.label.as_ref().map_or_else(String::new, |label| format!(", label {label}"));
    let figures = format!(
        "row {}, share {}, {} sure{label}",
        row.row,
        words::share(row.share),
        words::share(row.confidence)
    );
    format!("<li>{} <small>{}</small></li>", escape(&(text + &pair)), escape(&figures))
}

/// A small picture of the teacher's confidence over tenths of the members, and the same in words.
fn confidence(tenths: &[f64]) -> String {
    let (Some(first), Some(last)) = (tenths.first(), tenths.last()) else { return String::new() };
    let step = WIDTH / (tenths.len().max(2) - 1) as f64;
    let points: Vec<String> = tenths
        .iter()
        .enumerate()
        .map(|(place, value)| {
            format!("{:.1},{:.1}", step * place as f64, HEIGHT * (1.0 - value.clamp(0.0, 1.0)))
        })
        .collect();
    let words = format!(
        "Teacher's confidence from the lowest to the highest tenth: {} to {}",
        words::share(*first),
        words::share(*last)
    );
    format!(
        "<p class=\"confidence\"><svg viewBox=\"-2 -2 {} {}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" aria-hidden=\"true\">\
         <polyline points=\"{}\"/></svg><small>{words}</small></p>\n",
        WIDTH + 4.0,
        HEIGHT + 4.0,
        points.join(" ")
    )
}

/// Subclasses as a table: what a card says in numbers.
pub(super) fn table(inspection: &Inspection) -> Table {
    let mut table = Table::new(&["class", "subclass", "share", "variance", "marks"]);
    for class in &inspection.classes {
        for (place, subclass) in class.subclasses.iter().enumerate() {
            let marks = subclass.marks.iter().map(|mark| mark.ngram.as_str()).collect::<Vec<_>>().join(", ");
            table.row([
                class.name.clone(),
                subclass.name.clone().unwrap_or_else(|| place.to_string()),
                words::share(subclass.share),
                subclass.variance.map_or_else(String::new, |variance| format!("{variance:.4}")),
                marks,
            ]);
        }
    }
    table
}

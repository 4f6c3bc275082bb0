//! One card for each subclass: its distinctive terms, its typical rows, the teacher's confidence.

use maud::{Markup, html};

use super::table::Table;
use super::{number_format, text_lines};
use crate::inspect::{ClassInspection, Inspection, NumberDifference, SubclassInspection, TypicalRow};

/// Most terms and rows of a card; an inspection may list more.
const MOST_TERMS: usize = 8;
const MOST_ROWS: usize = 5;
/// Most characters of a text, or of the other columns, of a typical row.
const TEXT: usize = 400;
/// Size of the confidence curve in pixels.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// The cards, class by class.
pub(super) fn html(inspection: &Inspection) -> Markup {
    let mut subclasses = inspection.classes.iter().flat_map(|class| &class.subclasses);
    let has_numbers = subclasses.any(|subclass| !subclass.number_differences.is_empty());
    html! {
        p {
            (inspection.split) " splits each class of " (inspection.rows) " rows; the split of a row has "
            (format!("{:.3}", inspection.entropy)) " bits on average (beta " (inspection.beta)
            "). A share is that of the class's rows; terms are words, pairs of words and values of categories that are more \
             frequent in the subclass than in the rest of its class."
            @if has_numbers {
                " Numbers are differences of means to the rest of the class, in standard deviations (sd)."
            }
        }
        @for class in &inspection.classes { (class_cards(class)) }
    }
}

fn class_cards(class: &ClassInspection) -> Markup {
    html! {
        h4 { (class.name) }
        p {
            (class.members) " rows"
            @if let Some(kept) = class.variance_kept { ", " (number_format::share(kept)) " of the variance kept" }
            "."
        }
        div class="cards" {
            @for (number, subclass) in class.subclasses.iter().enumerate() { (card(class, number, subclass)) }
        }
    }
}

fn card(class: &ClassInspection, number: usize, subclass: &SubclassInspection) -> Markup {
    let percent = format!("{:.1}", 100.0 * subclass.share.clamp(0.0, 1.0));
    html! {
        article class="card" {
            h5 { (class.name) " / " (subclass.display_name(number)) }
            p class="share" {
                span class="bar" style={ "width:" (percent) "%" } {}
                span { (percent) " % of the class" }
            }
            (terms(subclass))
            (numbers(subclass))
            (confidence(&subclass.confidence))
            ol class="rows" { @for row in subclass.typical_rows.iter().take(MOST_ROWS) { (typical_row(row)) } }
        }
    }
}

fn terms(subclass: &SubclassInspection) -> Markup {
    html! {
        @if subclass.distinctive_terms.is_empty() && subclass.number_differences.is_empty() {
            p class="quiet" { "No term is distinctive of it." }
        } @else if !subclass.distinctive_terms.is_empty() {
            ul class="marks" aria-label="distinctive terms" {
                @for term in subclass.distinctive_terms.iter().take(MOST_TERMS) {
                    li title={
                        (format!("{:.1}", term.score)) " standard deviations above the rest of the class, in "
                        (term.rows) " rows"
                    } { (term.term) }
                }
            }
        }
    }
}

/// The columns of numbers that differ most from the rest of the class.
fn numbers(subclass: &SubclassInspection) -> Markup {
    html! {
        @if !subclass.number_differences.is_empty() {
            ul class="marks" aria-label="differences of numbers" {
                @for number in subclass.number_differences.iter().take(MOST_TERMS) {
                    li title={
                        "mean " (format!("{:.4}", number.mean)) ", in the rest of the class "
                        (format!("{:.4}", number.mean_of_rest)) ", in " (number.rows) " rows"
                    } { (number_difference(number)) }
                }
            }
        }
    }
}

/// A column and the difference of its means in standard deviations.
fn number_difference(number: &NumberDifference) -> String {
    format!("{} {:+.2} sd", number.column, number.difference)
}

fn typical_row(row: &TypicalRow) -> Markup {
    html! {
        li {
            @for (number, part) in row.content.parts().iter().enumerate() {
                @if number > 0 { " / " }
                (text_lines::shortened(part, TEXT))
            }
            " "
            small {
                "row " (row.row) ", share " (number_format::share(row.share)) ", confidence "
                (number_format::share(row.confidence))
                @if let Some(label) = &row.label { ", label " (label) }
            }
        }
    }
}

/// The teacher's confidence over the deciles of the members as a small curve, with its ends in numbers.
fn confidence(deciles: &[f64]) -> Markup {
    let (Some(first), Some(last)) = (deciles.first(), deciles.last()) else { return Markup::default() };
    let step = WIDTH / (deciles.len().max(2) - 1) as f64;
    let point = |(number, value): (usize, &f64)| {
        format!("{:.1},{:.1}", step * number as f64, HEIGHT * (1.0 - value.clamp(0.0, 1.0)))
    };
    let points: Vec<String> = deciles.iter().enumerate().map(point).collect();
    html! {
        p class="confidence" {
            svg viewBox={ "-2 -2 " (WIDTH + 4.0) " " (HEIGHT + 4.0) } width=(WIDTH) height=(HEIGHT) aria-hidden="true" {
                polyline points=(points.join(" ")) {}
            }
            small {
                "Teacher's confidence from the lowest to the highest decile of the score: "
                (number_format::share(*first)) " to " (number_format::share(*last))
            }
        }
    }
}

/// The numbers of all cards as a table.
pub(super) fn table(inspection: &Inspection) -> Table {
    let mut table = Table::new(&["class", "subclass", "share", "variance", "distinctive terms", "numbers"]);
    for class in &inspection.classes {
        for (number, subclass) in class.subclasses.iter().enumerate() {
            let terms: Vec<&str> = subclass.distinctive_terms.iter().map(|term| term.term.as_str()).collect();
            table.row([
                class.name.clone(),
                subclass.display_name(number),
                number_format::share(subclass.share),
                subclass.variance.map_or_else(String::new, |variance| format!("{variance:.4}")),
                terms.join(", "),
                subclass.number_differences.iter().map(number_difference).collect::<Vec<_>>().join(", "),
            ]);
        }
    }
    table.without_empty_columns()
}

//! Renders an inspection as text for a terminal 100 columns wide.

use anstyle::Style;
use lelp_report::inspect::{CellValue, ClassInspection, Inspection, SubclassInspection, TypicalRow};
use unicode_width::UnicodeWidthStr;

use crate::terminal_text::{single_line, truncate};

const COLUMNS: usize = 100;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The bars of a class span at least this much confidence, so that a small change looks small.
const LEAST_SPAN: f64 = 0.05;

/// A line about the split, then each class with its subclasses.
pub(super) fn inspection(found: &Inspection) -> String {
    let per_class = found.classes.first().map_or(0, |class| class.subclasses.len());
    let head = format!(
        "{}, S = {per_class}, {} rows; beta {:.4}, {:.3} bits a row of {:.3}",
        found.split,
        found.rows,
        found.beta,
        found.entropy,
        (per_class.max(1) as f64).log2()
    );
    let classes = found.classes.iter().flat_map(class_lines);
    std::iter::once(head).chain(classes).collect::<Vec<_>>().join("\n")
}

fn class_lines(class: &ClassInspection) -> Vec<String> {
    let mut facts = vec![format!("{} rows", class.members)];
    let variance = if class.effective_rank.is_some() {
        "of the variance kept"
    } else {
        "of the variance between clusters"
    };
    facts.extend(class.variance_kept.map(|share| format!("{:.1} % {variance}", 100.0 * share)));
    facts.extend(class.effective_rank.map(|rank| format!("effective rank {rank:.1}")));
    let name = truncate(&single_line(&class.name), COLUMNS / 2);
    let mut lines = vec![String::new(), format!("{BOLD}class {name}{BOLD:#}: {}", facts.join(", "))];
    if class.members > 0 {
        let scale = Scale::of(class);
        for (place, subclass) in class.subclasses.iter().enumerate() {
            lines.extend(subclass_lines(place, subclass, &scale, &class.name));
        }
    }
    lines
}

fn subclass_lines(place: usize, subclass: &SubclassInspection, scale: &Scale, class: &str) -> Vec<String> {
    let name =
        subclass.name.as_ref().map(|name| truncate(&single_line(name), COLUMNS / 3)).unwrap_or_default();
    let title = format!("{place} {name}");
    let title = format!("\n{BOLD}{:>4}{BOLD:#}", title.trim_end());
    if subclass.typical_rows.is_empty() && subclass.share == 0.0 {
        return vec![format!("{title}  holds no row")];
    }
    let mut facts = vec![format!("{:.1} % of the class", 100.0 * subclass.share)];
    facts.extend(scale.sparkline(&subclass.confidence).map(|bars| format!("confidence {bars}")));
    facts.extend(subclass.variance.map(|variance| format!("variance {}", three_digits(variance))));
    let mut lines = vec![format!("{title}  {}", facts.join("  "))];
    lines.extend(terms_line(subclass));
    lines.extend(numbers_line(subclass));
    lines.extend(subclass.typical_rows.iter().map(|row| row_line(row, class)));
    lines
}

/// The subclass's distinctive terms, as many as fit in a line; `None` where there is none.
fn terms_line(subclass: &SubclassInspection) -> Option<String> {
    let terms = subclass.distinctive_terms.iter();
    fitting_line(terms.map(|term| format!("{} {:.1}", single_line(&term.term), term.score)))
}

/// The differences of numbers, as many as fit in a line: the mean, and its distance to that of the rest in standard
/// deviations.
fn numbers_line(subclass: &SubclassInspection) -> Option<String> {
    let numbers = subclass.number_differences.iter();
    fitting_line(numbers.map(|number| {
        format!(
            "{} {} ({:+.1} sd)",
            single_line(&number.column),
            CellValue::Number(number.mean),
            number.difference
        )
    }))
}

/// As many of `items` as fit in an indented line; `None` where there is none.
fn fitting_line(items: impl Iterator<Item = String>) -> Option<String> {
    let mut line = String::new();
    for item in items {
        let separator = if line.is_empty() { "      " } else { "  " };
        if line.width() + separator.len() + item.width() > COLUMNS {
            break;
        }
        line = line + separator + &item;
    }
    (!line.is_empty()).then_some(line)
}

fn row_line(row: &TypicalRow, class: &str) -> String {
    let number = format!("{:>12}  ", row.row);
    let parts: Vec<String> = row.content.parts().iter().map(|part| single_line(part)).collect();
    let text = parts.join(" | ");
    let label = row.label.as_deref().filter(|label| *label != class);
    let label = label.map(|label| format!("  (labelled {})", truncate(&single_line(label), COLUMNS / 4)));
    let label = label.unwrap_or_default();
    let room = COLUMNS.saturating_sub(number.width() + label.width());
    format!("{DIM}{number}{DIM:#}{}{DIM}{label}{DIM:#}", truncate(&text, room))
}

/// The confidence that the lowest bar of a class stands for, and that between the lowest and the highest.
struct Scale {
    low: f64,
    span: f64,
}

impl Scale {
    fn of(class: &ClassInspection) -> Self {
        let values = || class.subclasses.iter().flat_map(|subclass| subclass.confidence.iter().copied());
        let (low, high) = (values().fold(1.0, f64::min), values().fold(0.0, f64::max));
        let span = (high - low).max(LEAST_SPAN);
        Self { low: high - span, span }
    }

    /// A bar for each value, between the first and the last value in digits; `None` without values.
    fn sparkline(&self, values: &[f64]) -> Option<String> {
        let bar = |value: &f64| {
            let reached = |step: &usize| *value >= self.low + self.span * *step as f64 / BARS.len() as f64;
            BARS[(1..BARS.len()).filter(reached).count()]
        };
        let (first, last) = (values.first()?, values.last()?);
        let bars: String = values.iter().map(bar).collect();
        Some(format!("{} {bars} {}", probability(*first), probability(*last)))
    }
}

/// Three digits, as `.981`.
fn probability(value: f64) -> String {
    let text = format!("{value:.3}");
    text.strip_prefix('0').map_or_else(|| text.clone(), str::to_owned)
}

/// Three significant digits of a number above 0.
fn three_digits(value: f64) -> String {
    if !(1e-3..1e4).contains(&value) {
        return format!("{value:.2e}");
    }
    let decimals = [100.0, 10.0, 1.0, 0.1, 0.01].iter().filter(|power| value < **power).count();
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, 0.9994, 0.25].map(probability), [".000", ".999", ".250"]);
        assert_eq!(probability(1.0), "1.000");
        assert_eq!([0.012_345, 1.0, 123.4, 12.34].map(three_digits), ["0.0123", "1.00", "123", "12.3"]);
        assert_eq!([0.0, 0.000_123_4, 123_456.0].map(three_digits), ["0.00e0", "1.23e-4", "1.23e5"]);
    }

    #[test]
    fn a_small_change_is_drawn_small() {
        let scale = Scale { low: 0.95, span: LEAST_SPAN };
        assert_eq!(scale.sparkline(&[0.995, 1.0]).as_deref(), Some(".995 ██ 1.000"));
        assert_eq!(scale.sparkline(&[0.95, 0.98]).as_deref(), Some(".950 ▁▅ .980"));
        assert_eq!(scale.sparkline(&[]), None);
    }
}

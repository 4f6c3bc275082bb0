//! HTML whose text is never markup.

use std::fmt::Write as _;

/// Text as HTML shows it, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Browsers refuse the others in a page, and they could hide text.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON that can stand in a script element: no `<` ends it early.
pub(super) fn json(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// An `id` made of `words`: lower-case letters, digits and dashes.
pub(super) fn identifier(words: &str) -> String {
    let mut id = String::from("s");
    for character in words.chars() {
        match character.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => id.push(letter),
            _ if id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id
}

/// Characters of a cell that is not broken: a mean with its interval has 13.
const SHORT: usize = 20;

/// A table with a caption for those who do not see it; the first column heads its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { headings: headings.iter().map(|heading| (*heading).to_owned()).collect(), rows: Vec::new() }
    }

    /// A row of texts, not yet escaped.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without the columns that have nothing in any row.
    pub(super) fn filled(mut self) -> Self {
        let filled: Vec<bool> = (0..self.headings.len())
            .map(|column| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let keep = |cells: &mut Vec<String>| {
            let mut column = 0..filled.len();
            cells.retain(|_| column.next().is_some_and(|column| filled[column]));
        };
        keep(&mut self.headings);
        self.rows.iter_mut().for_each(keep);
        self
    }

    /// The table in a box of its own that scrolls sideways, reachable by keyboard.
    pub(super) fn html(&self, name: &str) -> String {
        let mut html = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>",
            escape(name)
        );
        for heading in &self.headings {
            write!(html, "<th scope=\"col\">{}</th>", escape(heading)).expect("a string takes all");
        }
        html.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            html.push_str("<tr>");
            for (place, cell) in row.iter().enumerate() {
                html.push_str(&cell_html(cell, place == 0));
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }
}

/// A cell; one of a few characters stays in one line.
fn cell_html(cell: &str, heads: bool) -> String {
    let text = escape(cell);
    match (heads, cell.chars().count() <= SHORT) {
        (true, _) => format!("<th scope=\"row\">{text}</th>"),
        (false, true) => format!("<td class=\"short\">{text}</td>"),
        (false, false) => format!("<td>{text}</td>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let hostile = "</td><script>alert('1')</script>\" onload=\"x\u{0}";
        assert_eq!(
            escape(hostile),
            "&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x\u{fffd}"
        );
        let mut table = Table::new(&["<b>"]);
        table.row([hostile.to_owned()]);
        let html = table.html(hostile);
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("\" onload"), "{html}");
    }

    #[test]
    fn json_stays_in_its_element_and_means_the_same() {
        let value = serde_json::json!({ "text": "</script><!--\u{2028}" });
        let written = json(&value);
        assert!(!written.contains('<') && !written.contains('\u{2028}'), "{written}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }

    #[test]
    fn identifiers_hold_nothing_that_ends_them() {
        assert_eq!(identifier("Reliability: kd + \"fitnet\""), "sreliability-kd-fitnet-");
    }
}

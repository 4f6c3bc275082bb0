//! Tables of texts.

use maud::{Markup, html};

/// Most characters of a cell whose line is never broken: a mean with its interval has 13.
const SHORT: usize = 20;

/// A table with an accessible name; the first column is the header of its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self { headings: headings.iter().map(|heading| (*heading).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table without the columns that are empty in every row.
    pub(super) fn without_empty_columns(mut self) -> Self {
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

    /// The table in a box of its own that scrolls sideways and can be reached with the keyboard.
    pub(super) fn html(&self, name: &str) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label=(name) {
                table {
                    thead { tr { @for heading in &self.headings { th scope="col" { (heading) } } } }
                    tbody { @for cells in &self.rows { (row(cells)) } }
                }
            }
        }
    }

    /// The table behind a summary that unfolds it.
    pub(super) fn folded(&self, summary: &str, name: &str) -> Markup {
        html! { details class="numbers" { summary { (summary) } (self.html(name)) } }
    }
}

fn row(cells: &[String]) -> Markup {
    let short = |cell: &str| cell.chars().count() <= SHORT;
    html! {
        tr {
            @if let Some((header, cells)) = cells.split_first() {
                th scope="row" { (header) }
                @for cell in cells { td class=[short(cell).then_some("short")] { (cell) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let hostile = "</td><script>alert('1')</script>\" onload=\"x";
        let mut table = Table::new(&["<b>"]);
        table.row([hostile.to_owned(), hostile.to_owned()]);
        let html = table.html(hostile).into_string();
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("\" onload"), "{html}");
        assert!(
            html.contains("<td>&lt;/td&gt;&lt;script&gt;alert('1')&lt;/script&gt;&quot; onload=&quot;x</td>")
        );
    }

    #[test]
    fn columns_without_a_value_can_be_left_out() {
        let mut table = Table::new(&["a", "b", "c"]);
        table.row(["1", "", "2"].map(str::to_owned));
        table.row(["3", "", ""].map(str::to_owned));
        let html = table.without_empty_columns().html("name").into_string();
        assert!(html.contains("<th scope=\"col\">a</th><th scope=\"col\">c</th>"), "{html}");
    }
}

//! Tables for a terminal: the first column is aligned to the left, the others to the right.

use std::fmt;

use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};

use crate::terminal_text::{truncate, without_control_characters};

/// Spaces between two columns.
const GAP: u16 = 2;

/// Columns of a terminal that a cell takes at most: a label may be as long as a page.
const WIDEST: usize = 120;

/// Rows of cells under headings. Columns are as wide as their widest cell is on a terminal.
pub(crate) struct TextTable {
    table: comfy_table::Table,
}

impl TextTable {
    /// A table with its headings and no row yet.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        let mut text = Self { table };
        text.push(headings.iter().copied());
        for (place, column) in text.table.column_iter_mut().enumerate() {
            column.set_padding((if place == 0 { 0 } else { GAP }, 0));
        }
        text
    }

    /// Adds a row, with a cell for each heading.
    pub(crate) fn row(&mut self, cells: &[String]) {
        self.push(cells.iter().map(String::as_str));
    }

    fn push<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        let cell = |(column, text): (usize, &str)| {
            let alignment = if column == 0 { CellAlignment::Left } else { CellAlignment::Right };
            Cell::new(truncate(&without_control_characters(text), WIDEST)).set_alignment(alignment)
        };
        self.table.add_row(cells.enumerate().map(cell).collect::<Vec<_>>());
    }
}

impl fmt::Display for TextTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.table.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns of a terminal for each of these characters, one for a letter with an accent of its own.
    #[test]
    fn columns_are_aligned_by_their_width_on_a_terminal() {
        let mut table = TextTable::new(&["class", "rows"]);
        table.row(&["支払い".to_owned(), "1,024 ".to_owned()]);
        table.row(&["cafe\u{301}".to_owned(), "7*".to_owned()]);
        assert_eq!(table.to_string(), "class     rows\n支払い  1,024\ncafe\u{301}        7*");
    }

    #[test]
    fn a_label_as_long_as_a_page_is_cut() {
        let mut table = TextTable::new(&["class", "rows"]);
        table.row(&["x".repeat(65_536), "1".to_owned()]);
        assert!(table.to_string().lines().all(|line| line.chars().count() == WIDEST + 6));
    }

    #[test]
    fn a_cell_is_one_line_whatever_it_holds() {
        let mut table = TextTable::new(&["class", "rows"]);
        table.row(&["a\n\u{1b}[31mb".to_owned(), "1".to_owned()]);
        assert_eq!(table.to_string().lines().count(), 2);
        assert!(!table.to_string().contains('\u{1b}'));
    }
}

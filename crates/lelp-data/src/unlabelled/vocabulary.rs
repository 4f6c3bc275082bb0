//! Words that a set of texts has, to tell texts of another kind.

use std::collections::HashSet;

use super::normal::{hash_characters, normal_form};
use crate::table::Table;

/// Hashes of the words of texts.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: HashSet<u64>,
}

impl Vocabulary {
    /// The words of all texts of a table; none where it has no texts.
    pub(super) fn of(table: &Table) -> Self {
        let mut words = HashSet::new();
        for text in (0..table.rows()).filter_map(|row| table.text(row)) {
            words.extend(normal_form(text).split_whitespace().map(|word| hash_characters(word.chars())));
        }
        Self { words }
    }

    /// Whether more than half of the words of a text are none of these.
    pub(super) fn is_foreign(&self, table: &Table, row: usize) -> bool {
        let Some(text) = table.text(row) else { return false };
        let normal = normal_form(text);
        let (mut words, mut unknown) = (0, 0);
        for word in normal.split_whitespace() {
            words += 1;
            unknown += usize::from(!self.words.contains(&hash_characters(word.chars())));
        }
        2 * unknown > words
    }
}

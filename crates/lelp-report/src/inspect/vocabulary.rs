//! Counts of terms in the rows of a class, by subclass: words, pairs of words, values of a category.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use lelp_data::{Table, Text};
use lelp_model::ngram::{FeatureSettings, Tokens, hash_token};

use super::InspectError;

/// Longest token in bytes; longer ones are addresses or encoded files, not words.
const TOKEN_BYTES: usize = 64;
/// Cells of the sketch: 16 MB.
const SKETCH_CELLS: usize = 1 << 22;
/// Terms that are counted at a time.
const TERMS: usize = 1 << 19;
/// Counts of all terms together: 64 MB.
const COUNTS: usize = 1 << 24;
/// Rows between two checks of the flag that stops the work.
const ROWS_BETWEEN_CHECKS: usize = 4096;

/// Bounds of a vocabulary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Rows that must contain a term.
    pub(super) least_rows: usize,
    /// Most terms that are counted at a time.
    pub(super) terms: usize,
}

impl Limits {
    /// The bounds for classes of `per_class` subclasses.
    pub(super) fn of(least_rows: usize, per_class: usize) -> Self {
        Self { least_rows, terms: TERMS.min(COUNTS / (per_class + 1)).max(1) }
    }
}

/// The terms that enough rows of a class contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vocabulary {
    /// Each term, in byte order, with the number of rows that contain it: in each subclass, then in none.
    pub(super) terms: Vec<(String, Vec<u32>)>,
    /// The same summed over the terms, `[per_class + 1]`.
    pub(super) totals: Vec<u64>,
}

/// Counts of the rows that contain a term.
struct RowCounts {
    /// The last row counted, so that a row counts once.
    last: usize,
    of_subclass: Vec<u32>,
}

impl Vocabulary {
    /// Counts the words and pairs of words of `rows`; `subclasses` has the subclass of each row, or none.
    ///
    /// A word is a [token](Tokens) in lower case; pairs are two words that follow each other, with a space between, and
    /// without punctuation. Both texts of a row with a pair of texts are counted; a table without texts has no words.
    pub(super) fn of_texts(
        table: &Table,
        rows: &[usize],
        subclasses: &[Option<usize>],
        per_class: usize,
        limits: Limits,
        cancelled: &AtomicBool,
    ) -> Result<Self, InspectError> {
        let ngrams = |row: usize, visit: &mut dyn FnMut(&str)| {
            if let Some(text) = table.text(row) {
                each_ngram(text, visit);
            }
        };
        Self::count(ngrams, rows, subclasses, per_class, limits, cancelled)
    }

    /// Counts the values of a column of categories, as `name=value`; a missing value counts nowhere.
    ///
    /// # Panics
    /// If the column is no category.
    pub(super) fn of_category(
        table: &Table,
        column: usize,
        rows: &[usize],
        subclasses: &[Option<usize>],
        per_class: usize,
        limits: Limits,
        cancelled: &AtomicBool,
    ) -> Result<Self, InspectError> {
        let name = &table.schema().fields()[column].name;
        let value = |row: usize, visit: &mut dyn FnMut(&str)| {
            if let Some(value) = table.category(row, column) {
                visit(&format!("{name}={value}"));
            }
        };
        Self::count(value, rows, subclasses, per_class, limits, cancelled)
    }

    /// Counts the terms that `each_term` passes on for a row; a row counts once for each of its terms.
    ///
    /// # Memory
    /// A first pass counts hashes in a sketch of fixed size, which never counts too few. The second counts terms that
    /// the sketch has seen often enough; when there are more of them than `limits` allows, "often enough" is doubled
    /// and the others are dropped. The terms that remain were counted from their first row on.
    fn count(
        each_term: impl Fn(usize, &mut dyn FnMut(&str)),
        rows: &[usize],
        subclasses: &[Option<usize>],
        per_class: usize,
        limits: Limits,
        cancelled: &AtomicBool,
    ) -> Result<Self, InspectError> {
        let mut sketch = Sketch::new();
        for (done, &row) in rows.iter().enumerate() {
            check_cancelled(cancelled, done, rows.len())?;
            each_term(row, &mut |term| sketch.add(term));
        }
        let mut least = limits.least_rows.max(1);
        let mut found: HashMap<String, RowCounts> = HashMap::new();
        for (done, (&row, subclass)) in rows.iter().zip(subclasses).enumerate() {
            check_cancelled(cancelled, done, rows.len())?;
            let place = subclass.unwrap_or(per_class);
            each_term(row, &mut |term| {
                if let Some(counts) = found.get_mut(term) {
                    counts.add(row, place);
                } else if sketch.at_most(term) >= least {
                    let mut counts = RowCounts { last: row, of_subclass: vec![0; per_class + 1] };
                    counts.of_subclass[place] = 1;
                    found.insert(term.to_owned(), counts);
                }
            });
            while found.len() > limits.terms {
                least = least.saturating_mul(2);
                found.retain(|term, _| sketch.at_most(term) >= least);
            }
        }
        Ok(Self::of(found, per_class, least))
    }

    /// The terms that `least` rows contain.
    fn of(found: HashMap<String, RowCounts>, per_class: usize, least: usize) -> Self {
        let counts = found.into_iter().map(|(term, counts)| (term, counts.of_subclass));
        let often = |counts: &[u32]| counts.iter().map(|&rows| rows as usize).sum::<usize>() >= least;
        let mut terms: Vec<_> = counts.filter(|(_, counts)| often(counts)).collect();
        terms.sort_unstable();
        let mut totals = vec![0; per_class + 1];
        for (_, counts) in &terms {
            totals.iter_mut().zip(counts).for_each(|(total, &rows)| *total += u64::from(rows));
        }
        Self { terms, totals }
    }
}

impl RowCounts {
    fn add(&mut self, row: usize, place: usize) {
        if self.last != row {
            self.last = row;
            self.of_subclass[place] += 1;
        }
    }
}

/// Counts of hashes: of all terms with the same hash together, hence never too few for any of them.
struct Sketch {
    cells: Vec<u32>,
}

impl Sketch {
    fn new() -> Self {
        Self { cells: vec![0; SKETCH_CELLS] }
    }

    fn cell(term: &str) -> usize {
        let hash = hash_token(term);
        (hash ^ hash >> 32) as usize % SKETCH_CELLS
    }

    fn add(&mut self, term: &str) {
        let cell = &mut self.cells[Self::cell(term)];
        *cell = cell.saturating_add(1);
    }

    fn at_most(&self, term: &str) -> usize {
        self.cells[Self::cell(term)] as usize
    }
}

/// Calls `visit` with every n-gram of a text and its pair, repeats included.
fn each_ngram(text: Text<'_>, visit: &mut dyn FnMut(&str)) {
    let (mut pair, mut word) = (String::new(), String::new());
    for side in std::iter::once(text.text).chain(text.pair) {
        // `pair` holds the word before and a space, or nothing.
        pair.clear();
        for token in Tokens::new(side).take(FeatureSettings::default().max_tokens) {
            if token.len() > TOKEN_BYTES {
                pair.clear();
                continue;
            }
            word.clear();
            word.extend(token.chars().flat_map(char::to_lowercase));
            visit(&word);
            let is_word = word.chars().any(char::is_alphanumeric);
            if is_word && !pair.is_empty() {
                pair.push_str(&word);
                visit(&pair);
            }
            pair.clear();
            if is_word {
                pair.push_str(&word);
                pair.push(' ');
            }
        }
    }
}

fn check_cancelled(cancelled: &AtomicBool, done: usize, rows: usize) -> Result<(), InspectError> {
    if done.is_multiple_of(ROWS_BETWEEN_CHECKS) && cancelled.load(Ordering::Relaxed) {
        return Err(InspectError::Cancelled { done, rows });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lelp_data::ColumnValues;

    use super::*;

    fn table(texts: &[&str]) -> Table {
        let texts: Vec<Text<'_>> = texts.iter().map(|text| Text { text, pair: None }).collect();
        Table::from_texts(&texts).unwrap()
    }

    fn count(texts: &[&str], limits: Limits) -> Vec<(String, Vec<u32>)> {
        let (table, rows) = (table(texts), (0..texts.len()).collect::<Vec<_>>());
        let subclasses: Vec<Option<usize>> =
            rows.iter().map(|row| [Some(0), Some(1), None][row % 3]).collect();
        let stop = AtomicBool::new(false);
        Vocabulary::of_texts(&table, &rows, &subclasses, 2, limits, &stop).unwrap().terms
    }

    fn ngrams_of(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_ngram(Text { text, pair: Some("new Card") }, &mut |ngram| found.push(ngram.to_owned()));
        found
    }

    #[test]
    fn pairs_of_words_do_not_reach_over_marks_nor_into_the_second_text() {
        assert_eq!(
            ngrams_of("Where's my card? Lost it!"),
            [
                "where's",
                "my",
                "where's my",
                "card",
                "my card",
                "?",
                "lost",
                "it",
                "lost it",
                "!",
                "new",
                "card",
                "new card"
            ]
        );
        let long = format!("a {} b", "x".repeat(TOKEN_BYTES + 1));
        assert_eq!(ngrams_of(&long), ["a", "b", "new", "card", "new card"]);
    }

    #[test]
    fn a_row_counts_once_in_its_subclass() {
        let found = count(&["a a a", "A b", "a", "a"], Limits { least_rows: 1, terms: 100 });
        let counts: Vec<_> = found.iter().map(|(ngram, rows)| (ngram.as_str(), rows.as_slice())).collect();
        assert_eq!(
            counts,
            [("a", &[2, 1, 1][..]), ("a a", &[1, 0, 0]), ("a b", &[0, 1, 0]), ("b", &[0, 1, 0])]
        );
        let often = count(&["a a a", "A b", "a", "a"], Limits { least_rows: 2, terms: 100 });
        assert_eq!(often.len(), 1);
    }

    #[test]
    fn values_of_a_category_are_terms_and_missing_ones_are_none() {
        let values = ["fr", "de", "fr", "fr"].map(|value| Some(value.to_owned())).into_iter().chain([None]);
        let columns = vec![("country".to_owned(), ColumnValues::Category(values.collect()))];
        let table = Table::new(columns).unwrap();
        let subclasses = [Some(0), Some(1), Some(1), None, Some(0)];
        let limits = Limits { least_rows: 1, terms: 100 };
        let stop = AtomicBool::new(false);
        let found =
            Vocabulary::of_category(&table, 0, &[0, 1, 2, 3, 4], &subclasses, 2, limits, &stop).unwrap();
        let expected = [("country=de", [0, 1, 0]), ("country=fr", [1, 1, 1])];
        assert_eq!(found.terms, expected.map(|(term, rows)| (term.to_owned(), rows.to_vec())));
        assert_eq!(found.totals, [1, 2, 1]);
    }

    /// Many n-grams of one row each, and few of many: with room for hardly any, the few are counted exactly.
    #[test]
    fn with_little_room_the_frequent_are_counted_in_full() {
        let texts: Vec<String> = (0..600).map(|row| format!("x{row}, often, y{row}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = count(&texts, Limits { least_rows: 1, terms: 8 });
        assert!(found.len() <= 8);
        assert!(found.contains(&("often".to_owned(), vec![200, 200, 200])), "{found:?}");
    }
}

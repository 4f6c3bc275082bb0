//! Counts of words and pairs of words in the rows of a class, by subclass.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use lelp_data::Dataset;
use lelp_data::Text;
use lelp_model::ngram::{FeatureSettings, Tokens, hash_token};

use super::InspectError;

/// Longest token in bytes; longer ones are addresses or encoded files, not words.
const TOKEN_BYTES: usize = 64;
/// Cells of the sketch: 16 MB.
const SKETCH_CELLS: usize = 1 << 22;
/// N-grams that are counted at a time.
const NGRAMS: usize = 1 << 19;
/// Counts of all n-grams together: 64 MB.
const COUNTS: usize = 1 << 24;
/// Rows between two checks of the flag that stops the work.
const ROWS_BETWEEN_CHECKS: usize = 4096;

/// Bounds of a vocabulary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Rows that must contain an n-gram.
    pub(super) least_rows: usize,
    /// Most n-grams that are counted at a time.
    pub(super) ngrams: usize,
}

impl Limits {
    /// The bounds for classes of `per_class` subclasses.
    pub(super) fn of(least_rows: usize, per_class: usize) -> Self {
        Self { least_rows, ngrams: NGRAMS.min(COUNTS / (per_class + 1)).max(1) }
    }
}

/// The n-grams that enough rows of a class contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vocabulary {
    /// Each n-gram, in byte order, with the number of rows that contain it: in each subclass, then in none.
    pub(super) ngrams: Vec<(String, Vec<u32>)>,
    /// The same summed over the n-grams, `[per_class + 1]`.
    pub(super) totals: Vec<u64>,
}

/// Counts of the rows that contain an n-gram.
struct RowCounts {
    /// The last row counted, so that a row counts once.
    last: usize,
    of_subclass: Vec<u32>,
}

impl Vocabulary {
    /// Counts the n-grams of `rows` of a data set; `subclasses` has the subclass of each, or none.
    ///
    /// An n-gram is a [token](Tokens) in lower case, or two that follow each other with a space between; pairs with a
    /// mark of punctuation are left out. A row counts once for each that it holds, in either text of a pair.
    ///
    /// # Memory
    /// A first pass counts hashes in a sketch of fixed size, which never says too few. The second counts n-grams that
    /// the sketch has seen often enough; when there are more of them than `limits` allows, "often enough" is doubled
    /// and the rest forgotten. What is left was counted from its first row on.
    pub(super) fn count(
        data: &Dataset,
        rows: &[usize],
        subclasses: &[Option<usize>],
        per_class: usize,
        limits: Limits,
        cancelled: &AtomicBool,
    ) -> Result<Self, InspectError> {
        let mut sketch = Sketch::new();
        for (done, &row) in rows.iter().enumerate() {
            check_cancelled(cancelled, done, rows.len())?;
            each_ngram(data.text(row), |ngram| sketch.add(ngram));
        }
        let mut least = limits.least_rows.max(1);
        let mut found: HashMap<String, RowCounts> = HashMap::new();
        for (done, (&row, subclass)) in rows.iter().zip(subclasses).enumerate() {
            check_cancelled(cancelled, done, rows.len())?;
            let place = subclass.unwrap_or(per_class);
            each_ngram(data.text(row), |ngram| {
                if let Some(counts) = found.get_mut(ngram) {
                    counts.add(row, place);
                } else if sketch.at_most(ngram) >= least {
                    let mut counts = RowCounts { last: row, of_subclass: vec![0; per_class + 1] };
                    counts.of_subclass[place] = 1;
                    found.insert(ngram.to_owned(), counts);
                }
            });
            while found.len() > limits.ngrams {
                least = least.saturating_mul(2);
                found.retain(|ngram, _| sketch.at_most(ngram) >= least);
            }
        }
        Ok(Self::of(found, per_class, least))
    }

    /// The n-grams that `least` rows hold.
    fn of(found: HashMap<String, RowCounts>, per_class: usize, least: usize) -> Self {
        let counts = found.into_iter().map(|(ngram, counts)| (ngram, counts.of_subclass));
        let often = |counts: &[u32]| counts.iter().map(|&rows| rows as usize).sum::<usize>() >= least;
        let mut ngrams: Vec<_> = counts.filter(|(_, counts)| often(counts)).collect();
        ngrams.sort_unstable();
        let mut totals = vec![0; per_class + 1];
        for (_, counts) in &ngrams {
            totals.iter_mut().zip(counts).for_each(|(total, &rows)| *total += u64::from(rows));
        }
        Self { ngrams, totals }
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

/// Counts of hashes: of all n-grams with one hash together, so never too few for any of them.
struct Sketch {
    cells: Vec<u32>,
}

impl Sketch {
    fn new() -> Self {
        Self { cells: vec![0; SKETCH_CELLS] }
    }

    fn cell(ngram: &str) -> usize {
        let hash = hash_token(ngram);
        (hash ^ hash >> 32) as usize % SKETCH_CELLS
    }

    fn add(&mut self, ngram: &str) {
        let cell = &mut self.cells[Self::cell(ngram)];
        *cell = cell.saturating_add(1);
    }

    fn at_most(&self, ngram: &str) -> usize {
        self.cells[Self::cell(ngram)] as usize
    }
}

/// Calls `visit` with every n-gram of a text and its pair, repeats included.
fn each_ngram(text: Text<'_>, mut visit: impl FnMut(&str)) {
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
    use std::path::Path;

    use lelp_data::Table;

    use super::*;

    fn data(texts: &[&str]) -> Dataset {
        let texts: Vec<Text<'_>> = texts.iter().map(|&text| text.into()).collect();
        Dataset::unlabelled(Table::from_texts(&texts).unwrap(), Path::new("made")).unwrap()
    }

    fn count(texts: &[&str], limits: Limits) -> Vec<(String, Vec<u32>)> {
        let (data, rows) = (data(texts), (0..texts.len()).collect::<Vec<_>>());
        let subclasses: Vec<Option<usize>> =
            rows.iter().map(|row| [Some(0), Some(1), None][row % 3]).collect();
        Vocabulary::count(&data, &rows, &subclasses, 2, limits, &AtomicBool::new(false)).unwrap().ngrams
    }

    fn ngrams_of(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_ngram(Text { text, pair: Some("new Card") }, |ngram| found.push(ngram.to_owned()));
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
        let found = count(&["a a a", "A b", "a", "a"], Limits { least_rows: 1, ngrams: 100 });
        let counts: Vec<_> = found.iter().map(|(ngram, rows)| (ngram.as_str(), rows.as_slice())).collect();
        assert_eq!(
            counts,
            [("a", &[2, 1, 1][..]), ("a a", &[1, 0, 0]), ("a b", &[0, 1, 0]), ("b", &[0, 1, 0])]
        );
        let often = count(&["a a a", "A b", "a", "a"], Limits { least_rows: 2, ngrams: 100 });
        assert_eq!(often.len(), 1);
    }

    /// Many n-grams of one row each, and few of many: with room for hardly any, the few are counted exactly.
    #[test]
    fn with_little_room_the_frequent_are_counted_in_full() {
        let texts: Vec<String> = (0..600).map(|row| format!("x{row}, often, y{row}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = count(&texts, Limits { least_rows: 1, ngrams: 8 });
        assert!(found.len() <= 8);
        assert!(found.contains(&("often".to_owned(), vec![200, 200, 200])), "{found:?}");
    }
}

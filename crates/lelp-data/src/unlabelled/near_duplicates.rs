//! Texts that are nearly the same as one of a set.

use std::collections::{HashMap, HashSet};

use super::normal::{hash_characters, normal_form};
use crate::fingerprint::row_hash;
use crate::table::Table;

/// Characters of a shingle.
const SHINGLE: usize = 5;
/// Smallest hashes of a text's shingles that are kept: all of a short text's.
const SKETCH: usize = 64;
/// Of those, the ones by which a text is found. One with a Jaccard index of [`ALIKE`] is missed once in about 10,000.
const INDEXED: usize = 8;
/// Texts whose sets of shingles have at least this Jaccard index are nearly the same: in a sentence of ten words, one
/// word may be another.
const ALIKE: f64 = 0.7;

/// Rows of a set, to find those of others that are nearly the same.
///
/// Texts are compared in lower case, without punctuation and repeated space: by the Jaccard index of their sets of 5
/// characters in a row, which is estimated from the 64 smallest hashes of each set (Broder 1997) and exact for short texts.
/// Rows without text are the same where all values are.
#[derive(Debug, Default)]
pub struct NearDuplicates {
    /// Hashes of whole rows.
    whole: HashSet<u64>,
    sketches: Vec<Vec<u64>>,
    /// Texts by the first hashes of their sketches.
    index: HashMap<u64, Vec<u32>>,
}

impl NearDuplicates {
    /// Adds the rows of a table.
    pub fn add(&mut self, table: &Table) {
        for row in 0..table.rows() {
            let (whole, sketch) = outline(table, row);
            if !self.whole.insert(whole) {
                continue;
            }
            let place = u32::try_from(self.sketches.len()).expect("fewer held-out rows than 2^32");
            for &hash in sketch.iter().take(INDEXED) {
                self.index.entry(hash).or_default().push(place);
            }
            self.sketches.push(sketch);
        }
    }

    /// Whether a row of `table` is nearly the same as one that was added.
    #[must_use]
    pub fn contains(&self, table: &Table, row: usize) -> bool {
        let (whole, sketch) = outline(table, row);
        if self.whole.contains(&whole) {
            return true;
        }
        let found = sketch.iter().filter_map(|hash| self.index.get(hash));
        let mut candidates: Vec<u32> = found.flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.iter().any(|&other| jaccard(&sketch, &self.sketches[other as usize]) >= ALIKE)
    }
}

/// A hash of the whole row, and the sketch of its text: nothing where that is too short to differ in part.
fn outline(table: &Table, row: usize) -> (u64, Vec<u64>) {
    let Some(text) = table.text(row) else { return (row_hash(table, row), Vec::new()) };
    let characters: Vec<char> = normal_form(text).chars().collect();
    let mut sketch: Vec<u64> =
        characters.windows(SHINGLE).map(|shingle| hash_characters(shingle.iter().copied())).collect();
    sketch.sort_unstable();
    sketch.dedup();
    sketch.truncate(SKETCH);
    (hash_characters(characters.into_iter()), sketch)
}

/// The Jaccard index of two sets by their smallest hashes, in order.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut union, mut both) = (0_u32, 0_u32);
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while union < SKETCH as u32 {
        let smallest = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(&&a), Some(&&b)) => a.min(b),
            (Some(&&one), None) | (None, Some(&&one)) => one,
        };
        let of_left = left.next_if(|hash| **hash == smallest).is_some();
        let of_right = right.next_if(|hash| **hash == smallest).is_some();
        both += u32::from(of_left && of_right);
        union += 1;
    }
    f64::from(both) / f64::from(union.max(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::Text;

    fn table(texts: &[&str]) -> Table {
        Table::from_texts(&texts.iter().map(|&text| text.into()).collect::<Vec<Text<'_>>>()).unwrap()
    }

    fn found(held_out: &str, other: &str) -> bool {
        let mut duplicates = NearDuplicates::default();
        duplicates.add(&table(&[held_out]));
        duplicates.contains(&table(&[other]), 0)
    }

    #[test]
    fn case_punctuation_and_a_word_in_ten_make_no_other_text() {
        let text = "my card was declined at the airport yesterday, please help";
        for alike in [
            "My card was declined  at the airport yesterday -- please help!",
            "my card was declined at the airport yesterday, please advise",
            "hello, my card was declined at the airport yesterday, please help",
        ] {
            assert!(found(text, alike) && found(alike, text), "{alike}");
        }
        assert!(found("OK!", "ok") && found("", "  ") && found("?!", " ?! "));
    }

    #[test]
    fn texts_of_one_pattern_are_different_ones() {
        for (one, other) in [
            ("What is the capital of Turkey ?", "What is the capital of Burkina Faso ?"),
            ("where is my card", "where is my refund"),
            ("ok", "no"),
            ("?!", "!?"),
            ("", "a"),
        ] {
            assert!(!found(one, other), "{one} | {other}");
        }
    }

    #[test]
    fn long_texts_are_told_by_their_sketches() {
        let words = |first: usize, count: usize| -> Vec<String> {
            (first..first + count).map(|word| format!("w{}", lelp::hash::mix(word as u64) % 5000)).collect()
        };
        let whole = words(0, 400).join(" ");
        let nearly = [words(0, 380), words(9000, 20)].concat().join(" ");
        let half = [words(0, 200), words(9000, 200)].concat().join(" ");
        assert!(found(&whole, &nearly));
        assert!(!found(&whole, &half));
    }

    #[test]
    fn both_texts_of_a_pair_count() {
        let pair = |text, pair| Table::from_texts(&[Text { text, pair: Some(pair) }]).unwrap();
        let mut duplicates = NearDuplicates::default();
        duplicates.add(&pair("cheap flights", "a used car"));
        assert!(duplicates.contains(&pair("Cheap flights", "A used car"), 0));
        assert!(!duplicates.contains(&pair("cheap flights", "flights for little money"), 0));
    }
}

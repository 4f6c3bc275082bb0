//! Texts become counted terms: words and pairs of neighbouring words.

use lelp::hash::{GOLDEN, mix};
use lelp_data::Text;

use lelp_core::fnv::{HASH_START, extend_hash};

/// Kinds of terms; those of a second text come after these.
const WORD: u64 = 0;
const PAIR: u64 = 1;
const SECOND_SIDE: u64 = 2;

/// Characters of the shortest word.
const SHORTEST: usize = 2;

/// The terms of a text with their counts, by increasing key; reused from text to text.
#[derive(Debug, Clone, Default)]
pub struct TermScratch {
    keys: Vec<u64>,
    counts: Vec<(u64, f32)>,
}

/// Terms by key, each with its count.
pub type TermCounts<'a> = &'a [(u64, f32)];

impl TermScratch {
    /// Counts the terms of `text`.
    ///
    /// # Definition
    /// A word is a longest run of two or more letters, digits and `_`, in lower case: the tokens of scikit-learn's
    /// `TfidfVectorizer`. A word's term is its 64-bit hash, a pair's that of its two words; words of a second text are
    /// other terms. Of a million terms two share a hash with a chance of one in ten millions.
    pub fn count(&mut self, text: &Text<'_>) -> TermCounts<'_> {
        self.keys.clear();
        self.side(text.text, 0);
        if let Some(pair) = text.pair {
            self.side(pair, SECOND_SIDE);
        }
        self.keys.sort_unstable();
        self.counts.clear();
        let runs = self.keys.chunk_by(|a, b| a == b);
        self.counts.extend(runs.map(|run| (run[0], run.len() as f32)));
        &self.counts
    }

    fn side(&mut self, text: &str, side: u64) {
        let (mut before, mut hash, mut length) = (None, HASH_START, 0);
        // One character more, so that the last word ends.
        for character in text.chars().chain(std::iter::once(' ')) {
            if character.is_alphanumeric() || character == '_' {
                for lower in character.to_lowercase() {
                    hash = extend_hash(hash, lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
                length += 1;
                continue;
            }
            if length >= SHORTEST {
                self.keys.push(key(side + WORD, hash));
                if let Some(before) = before {
                    self.keys.push(mix(key(side + PAIR, before) ^ hash));
                }
                before = Some(hash);
            }
            (hash, length) = (HASH_START, 0);
        }
    }
}

fn key(kind: u64, hash: u64) -> u64 {
    mix(hash.wrapping_add((kind + 1).wrapping_mul(GOLDEN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str, pair: Option<&str>) -> Vec<f32> {
        let mut scratch = TermScratch::default();
        let mut counts: Vec<f32> =
            scratch.count(&Text { text, pair }).iter().map(|(_, count)| *count).collect();
        counts.sort_by(f32::total_cmp);
        counts
    }

    #[test]
    fn words_of_two_characters_and_their_pairs_are_counted() {
        // don, to, be, or, not, to, be; "a" and "t" are too short, and pairs reach over them.
        assert_eq!(counts("Don't a TO be, or not to be!", None).len(), 5 + 5);
        assert_eq!(counts("to be to be", None), [1.0, 2.0, 2.0, 2.0]);
        assert_eq!(counts("x y z", None), [0.0; 0]);
        assert_eq!(counts("", None), [0.0; 0]);
        assert_eq!(counts("na\u{ef}ve NA\u{cf}VE", None), [1.0, 2.0]);
        assert_eq!(counts("red shoes", Some("red shoes")), [1.0; 6], "the sides have terms of their own");
    }
}

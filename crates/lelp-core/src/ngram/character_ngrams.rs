//! Character n-grams of a token, each hashed in one step from the n-gram one character shorter.

use serde::{Deserialize, Serialize};

use crate::fnv::{HASH_START, extend_hash};

/// Characters of a token that its n-grams are taken from; longer tokens are cut.
const TOKEN_CHARACTERS: usize = 64;

/// Lengths of character n-grams, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharacterNgrams {
    /// Shortest n-gram in characters, at least 1.
    pub min: usize,
    /// Longest n-gram in characters, at most 8.
    pub max: usize,
}

/// One token as `<token>` in lower case, and the hashes of its n-grams of one length; reused from token to token.
#[derive(Debug, Clone, Default)]
pub(super) struct CharacterScratch {
    marked: Vec<u8>,
    /// Where each character begins in `marked`, and the end.
    starts: Vec<usize>,
    hashes: Vec<u64>,
}

impl CharacterScratch {
    /// Takes in a token.
    pub(super) fn read(&mut self, token: &str) {
        self.marked.clear();
        self.starts.clear();
        self.marked.push(b'<');
        if token.is_ascii() {
            let letters = &token.as_bytes()[..token.len().min(TOKEN_CHARACTERS)];
            self.marked.extend(letters.iter().map(u8::to_ascii_lowercase));
            self.starts.extend(0..letters.len() + 3);
        } else {
            self.starts.push(0);
            for character in token.chars().take(TOKEN_CHARACTERS).flat_map(char::to_lowercase) {
                self.starts.push(self.marked.len());
                self.marked.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            self.starts.extend([self.marked.len(), self.marked.len() + 1]);
        }
        self.marked.push(b'>');
    }

    /// Calls `on_hash` with the hash of every n-gram, the shorter ones first, those of one length in their order.
    pub(super) fn for_each_hash(&mut self, lengths: CharacterNgrams, mut on_hash: impl FnMut(u64)) {
        let Self { marked, starts, hashes } = self;
        let count = starts.len() - 1;
        hashes.clear();
        if lengths.min > count {
            return;
        }
        hashes.extend(
            starts
                .windows(lengths.min + 1)
                .map(|ends| extend_hash(HASH_START, &marked[ends[0]..ends[lengths.min]])),
        );
        for &hash in hashes.iter() {
            on_hash(hash);
        }
        for length in lengths.min + 1..=lengths.max.min(count) {
            let last = starts[length - 1..].windows(2);
            for (hash, ends) in hashes.iter_mut().zip(last) {
                *hash = extend_hash(*hash, &marked[ends[0]..ends[1]]);
                on_hash(*hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fnv::hash_bytes;

    proptest! {
        #[test]
        fn hashes_are_those_of_every_ngram_by_itself(token in "[a-zA-Z]{1,9}|\\PC{1,9}", min in 1_usize..9, more in 0_usize..4) {
            let lengths = CharacterNgrams { min, max: (min + more).min(8) };
            let marked: Vec<char> =
                format!("<{}>", token.chars().flat_map(char::to_lowercase).collect::<String>()).chars().collect();
            let mut plain = Vec::new();
            for length in lengths.min..=lengths.max.min(marked.len()) {
                for gram in marked.windows(length) {
                    plain.push(hash_bytes(gram.iter().collect::<String>().bytes()));
                }
            }
            let (mut scratch, mut found) = (CharacterScratch::default(), Vec::new());
            scratch.read(&token);
            scratch.for_each_hash(lengths, |hash| found.push(hash));
            prop_assert_eq!(found, plain);
        }
    }
}

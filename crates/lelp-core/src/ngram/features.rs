//! Tokens become feature buckets.

use crate::hash::{GOLDEN, mix};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::character_ngrams::{CharacterNgrams, CharacterScratch};
use super::tokens::{Tokens, hash_token};
use crate::Text;

/// Kinds of features; each hashes into a space of its own. The second text adds [`SECOND_SIDE`].
const WORD: u64 = 0;
const BIGRAM: u64 = 1;
const CHARACTERS: u64 = 2;
const SECOND_SIDE: u64 = 16;
const SHARED_WORD: u64 = 32;
const IS_SHARED: u64 = 33;
const IS_NOT_SHARED: u64 = 34;
const PRODUCT: u64 = 35;

/// Longest run of tokens.
const MOST_WORDS: usize = 5;

/// Which features of a text are hashed, and into how many buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureSettings {
    /// Buckets, a power of two from 2^4 to 2^26.
    pub buckets: usize,
    /// Longest run of neighbouring tokens that is a feature, 1 to 5: 1 for single tokens, 2 for pairs too.
    ///
    /// Earlier models say `bigrams`, which is whether there are pairs.
    #[serde(alias = "bigrams", deserialize_with = "word_order")]
    pub word_order: usize,
    /// Character n-grams inside each token, written `<token>` with its ends marked.
    pub characters: Option<CharacterNgrams>,
    /// Tokens read of each text, at most 2^20; the rest is not looked at, so a huge text costs no more than this.
    pub max_tokens: usize,
    /// For pairs: the first so many tokens of each side are also combined, each with each; at most 64.
    pub product_tokens: usize,
}

impl Default for FeatureSettings {
    fn default() -> Self {
        Self { buckets: 1 << 18, word_order: 2, characters: None, max_tokens: 1024, product_tokens: 8 }
    }
}

/// A feature setting outside its range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FeatureSettingsError {
    /// Not a power of two, or too few or too many.
    #[error("{buckets} buckets: use a power of two from 16 to 67108864, such as 262144")]
    Buckets {
        /// The number given.
        buckets: usize,
    },
    /// Character n-grams out of order or too long.
    #[error("character n-grams from {min} to {max}: use lengths from 1 to 8, the shorter first")]
    Characters {
        /// Shortest length given.
        min: usize,
        /// Longest length given.
        max: usize,
    },
    /// No words, or longer runs than are hashed.
    #[error("runs of {word_order} words: use 1 to {MOST_WORDS}")]
    WordOrder {
        /// The length given.
        word_order: usize,
    },
    /// No tokens, or so many that one text could take gigabytes.
    #[error("{max_tokens} tokens a text: use 1 to 1048576")]
    MaxTokens {
        /// The number given.
        max_tokens: usize,
    },
    /// Too many products.
    #[error("{product_tokens} tokens a side for products: use 64 or fewer")]
    ProductTokens {
        /// The number given.
        product_tokens: usize,
    },
}

/// Buffers of the extraction, reused from text to text.
#[derive(Debug, Clone, Default)]
pub struct FeatureScratch {
    first: Vec<u64>,
    second: Vec<u64>,
    sorted: Vec<u64>,
    characters: CharacterScratch,
}

impl FeatureSettings {
    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), FeatureSettingsError> {
        if !self.buckets.is_power_of_two() || !(1 << 4..=1 << 26).contains(&self.buckets) {
            return Err(FeatureSettingsError::Buckets { buckets: self.buckets });
        }
        if !(1..=MOST_WORDS).contains(&self.word_order) {
            return Err(FeatureSettingsError::WordOrder { word_order: self.word_order });
        }
        if let Some(CharacterNgrams { min, max }) = self.characters
            && !(1 <= min && min <= max && max <= 8)
        {
            return Err(FeatureSettingsError::Characters { min, max });
        }
        if !(1..=1 << 20).contains(&self.max_tokens) {
            return Err(FeatureSettingsError::MaxTokens { max_tokens: self.max_tokens });
        }
        if self.product_tokens > 64 {
            return Err(FeatureSettingsError::ProductTokens { product_tokens: self.product_tokens });
        }
        Ok(())
    }

    /// Appends the feature buckets of `text` to `buckets`, repeats included, in a fixed order.
    ///
    /// # Definition
    /// Write `h(t)` for the hash of token `t` ([`hash_token`]), and with 64-bit wrapping arithmetic
    /// `mix(x)`: `x ^= x >> 30; x *= 0xbf58476d1ce4e5b9; x ^= x >> 27; x *= 0x94d049bb133111eb; x ^= x >> 31`.
    /// A feature of kind `k` over `a`, or over `a` and `b`, is `f(k, a) = mix(a + (k + 1) * 0x9e3779b97f4a7c15)` or
    /// `f(k, a, b) = mix(f(k, a) ^ b)`; its bucket is the top `log2(buckets)` bits. For each token `t` of the text,
    /// with `p` the token before it:
    ///
    /// | kind | feature | when |
    /// |---|---|---|
    /// | 0 | `f(0, h(t))` | always |
    /// | 1 | `f(1, h(p), h(t))` | `word_order` 2 or more, `t` not the first |
    /// | `n`, 3 to 5 | `f(n, r, h(t))`, `r` the feature of the run of `n - 1` tokens before `t` | `word_order` at least `n`, that run is there |
    /// | 2 | `f(2, FNV-1a of the n-gram's UTF-8)` | `characters`: every n-gram of `<t>`, `t` lower-cased and cut to 64 characters |
    ///
    /// The second text of a pair does the same with kinds 16 higher. Then come, for each token `t` of the second text,
    /// kind 32 over `h(t)` and kind 33 over 0 if `t` is also in the first, else kind 34 over 0; and for the
    /// first `product_tokens` tokens `a` of the first text and `b` of the second, kind 35 over `h(a)` and `h(b)`.
    pub fn extract(&self, text: &Text<'_>, scratch: &mut FeatureScratch, buckets: &mut Vec<u32>) {
        let mut first = std::mem::take(&mut scratch.first);
        self.side(text.text, 0, &mut first, &mut scratch.characters, buckets);
        if let Some(pair) = text.pair {
            let mut second = std::mem::take(&mut scratch.second);
            self.side(pair, SECOND_SIDE, &mut second, &mut scratch.characters, buckets);
            self.cross(&first, &second, &mut scratch.sorted, buckets);
            scratch.second = second;
        }
        scratch.first = first;
    }

    /// Words, runs of words and character n-grams of one text; leaves its token hashes in `hashes`.
    fn side(
        &self,
        text: &str,
        side: u64,
        hashes: &mut Vec<u64>,
        characters: &mut CharacterScratch,
        buckets: &mut Vec<u32>,
    ) {
        hashes.clear();
        // `runs[n]` is what the run of n + 1 tokens that ends at the last one comes to.
        let mut runs = [0; MOST_WORDS];
        for token in Tokens::new(text).take(self.max_tokens) {
            let hash = hash_token(token);
            buckets.push(self.bucket(one(side + WORD, hash)));
            for before in (0..hashes.len().min(self.word_order - 1)).rev() {
                let kind = if before == 0 { BIGRAM } else { before as u64 + 2 };
                runs[before + 1] = two(side + kind, runs[before], hash);
            }
            runs[0] = hash;
            hashes.push(hash);
            let longest = hashes.len().min(self.word_order);
            buckets.extend(runs[1..longest].iter().map(|&run| self.bucket(run)));
            if let Some(lengths) = self.characters {
                characters.read(token);
                let push = |hash| buckets.push(self.bucket(one(side + CHARACTERS, hash)));
                characters.for_each_hash(lengths, push);
            }
        }
    }

    /// What both texts of a pair say together.
    fn cross(&self, first: &[u64], second: &[u64], sorted: &mut Vec<u64>, buckets: &mut Vec<u32>) {
        sorted.clear();
        sorted.extend_from_slice(first);
        sorted.sort_unstable();
        for &hash in second {
            if sorted.binary_search(&hash).is_ok() {
                buckets.push(self.bucket(one(SHARED_WORD, hash)));
                buckets.push(self.bucket(one(IS_SHARED, 0)));
            } else {
                buckets.push(self.bucket(one(IS_NOT_SHARED, 0)));
            }
        }
        for &a in first.iter().take(self.product_tokens) {
            for &b in second.iter().take(self.product_tokens) {
                buckets.push(self.bucket(two(PRODUCT, a, b)));
            }
        }
    }

    /// Bucket of `f(kind, a)`.
    pub(super) fn bucket_of_one(&self, kind: u64, a: u64) -> u32 {
        self.bucket(one(kind, a))
    }

    /// Bucket of `f(kind, a, b)`.
    pub(super) fn bucket_of_two(&self, kind: u64, a: u64, b: u64) -> u32 {
        self.bucket(two(kind, a, b))
    }

    fn bucket(&self, feature: u64) -> u32 {
        (feature >> (u64::BITS - self.buckets.trailing_zeros())) as u32
    }
}

/// Reads a length, or whether there are pairs.
fn word_order<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum WordOrder {
        Longest(usize),
        Pairs(bool),
    }
    Ok(match WordOrder::deserialize(deserializer)? {
        WordOrder::Longest(words) => words,
        WordOrder::Pairs(pairs) => 1 + usize::from(pairs),
    })
}

fn one(kind: u64, a: u64) -> u64 {
    mix(a.wrapping_add((kind + 1).wrapping_mul(GOLDEN)))
}

fn two(kind: u64, a: u64, b: u64) -> u64 {
    mix(one(kind, a) ^ b)
}

impl FeatureScratch {
    /// Buffers large enough for any text without character n-grams under `settings`.
    #[must_use]
    pub fn for_settings(settings: &FeatureSettings) -> Self {
        let tokens = settings.max_tokens;
        Self {
            first: Vec::with_capacity(tokens),
            second: Vec::with_capacity(tokens),
            sorted: Vec::with_capacity(tokens),
            characters: CharacterScratch::default(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    fn extract(settings: &FeatureSettings, text: &str, pair: Option<&str>) -> Vec<u32> {
        let mut buckets = Vec::new();
        settings.extract(&Text { text, pair }, &mut FeatureScratch::default(), &mut buckets);
        buckets
    }

    /// Worked out by a few lines of Python from the definition alone; other languages can check themselves here.
    #[test]
    fn buckets_are_those_of_the_definition() {
        let settings = FeatureSettings { buckets: 1 << 16, ..FeatureSettings::default() };
        assert_eq!(extract(&settings, "My card", None), GOLDEN_TEXT);
        let pairs = FeatureSettings { product_tokens: 1, ..settings.clone() };
        assert_eq!(extract(&pairs, "My card", Some("card")), GOLDEN_PAIR);
        let characters = CharacterNgrams { min: 3, max: 4 };
        let characters = FeatureSettings { characters: Some(characters), word_order: 1, ..settings };
        assert_eq!(extract(&characters, "Na\u{ef}f", None), GOLDEN_CHARACTERS);
    }

    const GOLDEN_TEXT: [u32; 3] = [28553, 7620, 55594];
    const GOLDEN_PAIR: [u32; 7] = [28553, 7620, 55594, 57450, 9875, 1368, 8294];
    const GOLDEN_CHARACTERS: [u32; 8] = [44344, 63826, 38316, 57481, 31967, 53391, 39032, 44527];

    #[test]
    fn runs_of_words_go_on_from_the_shorter_ones() {
        let settings = FeatureSettings { word_order: 4, ..FeatureSettings::default() };
        let [a, b, c, d] = ["a", "b", "c", "d"].map(hash_token);
        let [ab, bc, cd] = [(a, b), (b, c), (c, d)].map(|(first, second)| two(BIGRAM, first, second));
        let [abc, bcd] = [two(3, ab, c), two(3, bc, d)];
        let features =
            [one(WORD, a), one(WORD, b), ab, one(WORD, c), bc, abc, one(WORD, d), cd, bcd, two(4, abc, d)];
        assert_eq!(extract(&settings, "a b c d", None), features.map(|feature| settings.bucket(feature)));
        let words = FeatureSettings { word_order: 1, ..settings };
        assert_eq!(extract(&words, "a b c d", None).len(), 4);
    }

    #[test]
    fn settings_that_say_whether_there_are_pairs_are_read() {
        let read = |text: &str| serde_json::from_str::<FeatureSettings>(text).unwrap().word_order;
        let texts = [r#"{"bigrams": true}"#, r#"{"bigrams": false}"#, r#"{"word_order": 3}"#, "{}"];
        assert_eq!(texts.map(read), [2, 1, 3, 2]);
    }

    #[test]
    fn case_and_spacing_change_nothing_and_order_does() {
        let settings = FeatureSettings::default();
        let plain = extract(&settings, "where is my card", None);
        assert_eq!(extract(&settings, "  WHERE\tis My\n\ncard ", None), plain);
        assert_ne!(extract(&settings, "my card is where", None), plain);
        assert_eq!(plain.len(), 7);
    }

    #[test]
    fn the_sides_of_a_pair_have_spaces_of_their_own() {
        let settings = FeatureSettings { product_tokens: 0, ..FeatureSettings::default() };
        let (first, pair) = (extract(&settings, "a b", None), extract(&settings, "a b", Some("a b")));
        assert_eq!(pair[..3], first);
        assert!(pair[3..6].iter().all(|bucket| !first.contains(bucket)));
    }

    #[test]
    fn a_huge_text_costs_no_more_than_the_cap() {
        let settings = FeatureSettings {
            max_tokens: 100,
            characters: Some(CharacterNgrams { min: 1, max: 8 }),
            ..FeatureSettings::default()
        };
        let words = extract(&settings, &"word ".repeat(2_000_000), Some(&"other ".repeat(2_000_000)));
        let one_word = extract(&settings, &"x".repeat(10_000_000), None);
        let one_script = extract(&settings, &"\u{4e00}".repeat(3_000_000), None);
        // 66 characters with the marks: 66 + 65 + ... + 59 n-grams a token.
        assert_eq!(one_word.len(), 1 + 500);
        assert!(words.len() < 100_000 && one_script.len() < 100_000);
        assert!(words.iter().all(|&bucket| (bucket as usize) < settings.buckets));
    }

    #[test]
    fn shared_words_are_told_from_others() {
        let settings = FeatureSettings { product_tokens: 0, ..FeatureSettings::default() };
        let shared = settings.bucket(one(IS_SHARED, 0));
        let count =
            |pair| extract(&settings, "cheap red shoes", Some(pair)).iter().filter(|&&b| b == shared).count();
        assert_eq!((count("red shoes"), count("blue hats")), (2, 0));
    }
}

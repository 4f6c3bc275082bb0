//! Texts become tokens, tokens become 64-bit hashes.

use unicode_segmentation::{UWordBounds, UnicodeSegmentation};

use crate::fnv::{HASH_START, extend_hash, hash_bytes};

/// The tokens of a text, in order, as slices of it.
///
/// # Definition
/// 1. The text is split at ASCII white space (space, tab, line feed, vertical tab, form feed, carriage return).
/// 2. Each piece is split at the word boundaries of Unicode Standard Annex #29 (default rules).
/// 3. Segments that are white space only (`White_Space` property) are dropped; punctuation marks and
///    emoji stay, each a token of its own.
///
/// Splitting at white space first changes no boundary between words, and lets pieces of ASCII, the
/// bulk of most texts, take a path without property tables; both paths give the same tokens.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    rest: &'a str,
    piece: Piece<'a>,
}

#[derive(Debug, Clone)]
enum Piece<'a> {
    Ascii(&'a str),
    Unicode(UWordBounds<'a>),
}

impl<'a> Tokens<'a> {
    /// The tokens of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, piece: Piece::Ascii("") }
    }

    /// Moves the next piece without ASCII white space out of `rest`; `None` at the end of the text.
    fn next_piece(&mut self) -> Option<Piece<'a>> {
        let bytes = self.rest.as_bytes();
        let start = bytes.iter().position(|&byte| !is_ascii_space(byte))?;
        let mut ascii = true;
        let mut end = start;
        while end < bytes.len() && !is_ascii_space(bytes[end]) {
            ascii &= bytes[end].is_ascii();
            end += 1;
        }
        let piece = &self.rest[start..end];
        self.rest = &self.rest[end..];
        Some(if ascii { Piece::Ascii(piece) } else { Piece::Unicode(piece.split_word_bounds()) })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let token = match &mut self.piece {
                Piece::Ascii(rest) => next_ascii_word(rest),
                Piece::Unicode(bounds) => bounds.find(|word| !word.chars().all(char::is_whitespace)),
            };
            if token.is_some() {
                return token;
            }
            self.piece = self.next_piece()?;
        }
    }
}

/// ASCII white space as in the definition above; `u8::is_ascii_whitespace` leaves out the vertical tab.
fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Takes the first word off `rest`: the rules `WB5` to `WB13b` of UAX #29 for ASCII without white space.
fn next_ascii_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let bytes = rest.as_bytes();
    let first = *bytes.first()?;
    let mut end = 1;
    if is_word_byte(first) {
        while end < bytes.len() {
            if is_word_byte(bytes[end]) {
                end += 1;
            } else if end + 1 < bytes.len() && joins(bytes[end - 1], bytes[end], bytes[end + 1]) {
                end += 2;
            } else {
                break;
            }
        }
    }
    let word = &rest[..end];
    *rest = &rest[end..];
    Some(word)
}

/// Letters, digits and `_` (`WB5`, `WB8` to `WB10`, `WB13a` and `WB13b`).
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `middle` joins its neighbours: `don't`, `e.g`, `a:b` (`WB6` and `WB7`), `3.5`, `1,000` (`WB11` and `WB12`).
fn joins(before: u8, middle: u8, after: u8) -> bool {
    let letters = before.is_ascii_alphabetic() && after.is_ascii_alphabetic();
    let digits = before.is_ascii_digit() && after.is_ascii_digit();
    match middle {
        b'\'' | b'.' => letters || digits,
        b':' => letters,
        b',' | b';' => digits,
        _ => false,
    }
}

/// FNV-1a (64 bits) over the UTF-8 bytes of the lower-cased token.
///
/// Lower-casing maps every character on its own by Unicode's full, context-free mapping
/// (`SpecialCasing` rules that look at neighbours, such as the final sigma, are not applied).
#[must_use]
pub fn hash_token(token: &str) -> u64 {
    if token.is_ascii() {
        return hash_bytes(token.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    token
        .chars()
        .flat_map(char::to_lowercase)
        .fold(HASH_START, |hash, character| extend_hash(hash, character.encode_utf8(&mut [0; 4]).as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        Tokens::new(text).collect()
    }

    #[test]
    fn words_contractions_numbers_marks_and_emoji_are_tokens() {
        assert_eq!(
            tokens("I don't  pay $3.50, ok?!"),
            ["I", "don't", "pay", "$", "3.50", ",", "ok", "?", "!"]
        );
        assert_eq!(tokens("\u{a0}na\u{ef}ve \u{1f600}\u{1f600}"), ["na\u{ef}ve", "\u{1f600}", "\u{1f600}"]);
        assert_eq!(tokens("\u{4f60}\u{597d}"), ["\u{4f60}", "\u{597d}"]);
        assert!(tokens(" \t\n").is_empty());
    }

    #[test]
    fn hashes_are_those_of_the_published_function_and_ignore_case() {
        // Test vectors of FNV-1a, 64 bits.
        assert_eq!(hash_token(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash_token("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash_token("FooBar"), 0x8594_4171_f739_67e8);
        assert_eq!(hash_token("\u{c9}TUDE"), hash_token("\u{e9}tude"));
    }

    proptest! {
        #[test]
        fn the_ascii_path_gives_the_words_of_the_standard(text in "[ -~]{0,40}") {
            let standard: Vec<&str> = text.split_word_bounds().filter(|word| !word.trim().is_empty()).collect();
            prop_assert_eq!(tokens(&text), standard);
        }

        #[test]
        fn any_text_is_covered_up_to_white_space(text in "\\PC{0,40}") {
            let kept: usize = tokens(&text).iter().map(|token| token.len()).sum();
            let spaces: usize = text.chars().filter(|c| c.is_whitespace()).map(char::len_utf8).sum();
            prop_assert!(kept + spaces >= text.len());
        }
    }
}

//! Words become pieces, the longest that are known.

use std::collections::HashMap;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Text;
use crate::ngram::Tokens;

/// What marks a piece of the inside of a word where pieces are written down.
const INSIDE: &str = "##";

/// A piece of words, in lower case: letters and digits, or one other character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether words begin with it; else it stands inside of them.
    pub begins_word: bool,
}

/// Pieces by their text, each with its row in a table.
///
/// # Definition
/// A text is cut into [`Tokens`], these set in lower case, and cut on into runs of letters and digits and single other
/// characters. From each run the longest piece is taken off again and again: at its start one that begins words, then one from
/// inside of words, or where there is none, one that begins words; a character that begins no piece is passed over. A word
/// that has such characters is read once more without accents.
#[derive(Debug, Clone, Default)]
pub struct PieceVocabulary {
    pieces: Vec<Piece>,
    beginnings: HashMap<Box<str>, u32>,
    insides: HashMap<Box<str>, u32>,
    /// Bytes of the longest piece.
    longest: usize,
}

/// Why pieces are no vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PieceVocabularyError {
    /// The list is no UTF-8.
    #[error("the list of pieces is no UTF-8 from byte {0} on")]
    Utf8(usize),
    /// A piece of no or many bytes.
    #[error("piece {place} has {bytes} bytes: 1 to {} are allowed", PieceVocabulary::LONGEST)]
    Length {
        /// Its place.
        place: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// A piece that is there twice.
    #[error("piece {place}, `{piece}`, is there twice")]
    Twice {
        /// Its second place.
        place: usize,
        /// The piece, as it is written.
        piece: String,
    },
}

impl PieceVocabulary {
    /// Most bytes of a piece: longer ones are of no use, and a word is searched for as long a beginning.
    pub const LONGEST: usize = 64;

    /// These pieces; the row of each is its place.
    ///
    /// # Errors
    /// [`PieceVocabularyError`] names the piece.
    pub fn new(pieces: Vec<Piece>) -> Result<Self, PieceVocabularyError> {
        let mut vocabulary = Self::default();
        for (place, piece) in pieces.iter().enumerate() {
            let bytes = piece.text.len();
            if !(1..=Self::LONGEST).contains(&bytes) {
                return Err(PieceVocabularyError::Length { place, bytes });
            }
            let known = if piece.begins_word { &mut vocabulary.beginnings } else { &mut vocabulary.insides };
            if known.insert(piece.text.as_str().into(), place as u32).is_some() {
                return Err(PieceVocabularyError::Twice { place, piece: written(piece) });
            }
            vocabulary.longest = vocabulary.longest.max(bytes);
        }
        Ok(Self { pieces, ..vocabulary })
    }

    /// The pieces of a list as [`to_bytes`](Self::to_bytes) gives it.
    ///
    /// # Errors
    /// [`PieceVocabularyError`] names the piece.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PieceVocabularyError> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| PieceVocabularyError::Utf8(error.valid_up_to()))?;
        let piece = |line: &str| match line.strip_prefix(INSIDE) {
            Some(rest) if !rest.is_empty() => Piece { text: rest.to_owned(), begins_word: false },
            _ => Piece { text: line.to_owned(), begins_word: true },
        };
        Self::new(text.lines().map(piece).collect())
    }

    /// The pieces, one a line, in the order of their rows; those of the inside of words begin with `##`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces.iter().map(|piece| written(piece) + "\n").collect::<String>().into_bytes()
    }

    /// Number of pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Appends the rows of the pieces of a text, or of both texts of a pair, of the first `max_tokens` tokens of each, to `rows`;
    /// `word` is a buffer.
    pub fn extract(&self, text: &Text<'_>, max_tokens: usize, word: &mut String, rows: &mut Vec<u32>) {
        for side in [Some(text.text), text.pair].into_iter().flatten() {
            self.extract_side(side, max_tokens, word, rows);
        }
    }

    fn extract_side(&self, text: &str, max_tokens: usize, word: &mut String, rows: &mut Vec<u32>) {
        for token in Tokens::new(text).take(max_tokens) {
            word.clear();
            if token.is_ascii() {
                word.push_str(token);
                word.make_ascii_lowercase();
            } else {
                word.extend(token.chars().flat_map(char::to_lowercase));
            }
            let before = rows.len();
            if !self.extract_word(word, rows) && !word.is_ascii() {
                let plain: String = word.nfd().filter(|&character| !is_combining_mark(character)).collect();
                rows.truncate(before);
                self.extract_word(&plain, rows);
            }
        }
    }

    /// Appends the rows of the pieces of a word in lower case; whether all its characters were in one.
    fn extract_word(&self, word: &str, rows: &mut Vec<u32>) -> bool {
        let (mut rest, mut known) = (word, true);
        while let Some(first) = rest.chars().next() {
            let (run, behind) = rest.split_at(run_length(rest, first));
            known &= self.extract_run(run, rows);
            rest = behind;
        }
        known
    }

    /// Appends the rows of the pieces of a run; whether all its characters were in one.
    fn extract_run(&self, mut run: &str, rows: &mut Vec<u32>) -> bool {
        let (mut pieces, mut known) = (&self.beginnings, true);
        while let Some(first) = run.chars().next() {
            let found = self.longest_piece(pieces, run).or_else(|| self.longest_piece(&self.beginnings, run));
            known &= found.is_some();
            rows.extend(found.map(|(_, row)| row));
            run = &run[found.map_or(first.len_utf8(), |(length, _)| length)..];
            pieces = &self.insides;
        }
        known
    }

    /// The longest beginning of `run` that is among `pieces`: its bytes, and its row.
    fn longest_piece(&self, pieces: &HashMap<Box<str>, u32>, run: &str) -> Option<(usize, u32)> {
        let mut end = run.floor_char_boundary(self.longest);
        while end > 0 {
            if let Some(&row) = pieces.get(&run[..end]) {
                return Some((end, row));
            }
            end = run.floor_char_boundary(end - 1);
        }
        None
    }
}

/// Bytes of the letters and digits that `text` begins with, or of its first character where that is neither.
fn run_length(text: &str, first: char) -> usize {
    if !first.is_alphanumeric() {
        return first.len_utf8();
    }
    text.find(|character: char| !character.is_alphanumeric()).unwrap_or(text.len())
}

fn written(piece: &Piece) -> String {
    let mark = if piece.begins_word { "" } else { INSIDE };
    format!("{mark}{}", piece.text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vocabulary() -> PieceVocabulary {
        let list = "play\nplaying\n##ing\n##s\nt\ncafe\n!\n'\ndon\n##a\n\u{4e2d}\n#";
        PieceVocabulary::from_bytes(list.as_bytes()).unwrap()
    }

    fn read(text: &str) -> String {
        let vocabulary = vocabulary();
        let mut rows = Vec::new();
        vocabulary.extract(&text.into(), 100, &mut String::new(), &mut rows);
        let pieces: Vec<String> = rows.iter().map(|&row| written(&vocabulary.pieces[row as usize])).collect();
        pieces.join(" ")
    }

    #[test]
    fn words_are_cut_into_the_longest_pieces_that_are_known() {
        for (text, pieces) in [
            ("Playing plays", "playing play ##s"),
            ("playings", "playing ##s"),
            ("don't!", "don ' t !"),
            ("caf\u{e9} CAF\u{c9}s", "cafe cafe ##s"),
            ("\u{4e2d}\u{4e2d}", "\u{4e2d} \u{4e2d}"),
            ("xplay zzz", "play"),
            ("##", "# #"),
            ("", ""),
        ] {
            assert_eq!(read(text), pieces, "{text}");
        }
    }

    #[test]
    fn lists_come_back_and_unsound_ones_are_refused() {
        let vocabulary = vocabulary();
        assert_eq!(PieceVocabulary::from_bytes(&vocabulary.to_bytes()).unwrap().pieces, vocabulary.pieces);
        let failed = |bytes: &[u8]| PieceVocabulary::from_bytes(bytes).unwrap_err().to_string();
        assert_eq!(failed(b"a\n##a\nb\n##a\n"), "piece 3, `##a`, is there twice");
        assert_eq!(failed(b"a\n\nb"), "piece 1 has 0 bytes: 1 to 64 are allowed");
        assert_eq!(failed(b"ab\xff"), "the list of pieces is no UTF-8 from byte 2 on");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,40}") {
            let (vocabulary, mut rows) = (vocabulary(), Vec::new());
            vocabulary.extract(&text.as_str().into(), 5, &mut String::new(), &mut rows);
            prop_assert!(rows.iter().all(|&row| (row as usize) < vocabulary.len()));
        }
    }
}

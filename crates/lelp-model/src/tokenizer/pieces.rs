//! The pieces of words that a tokenizer knows, by their text.

use std::collections::HashSet;

use lelp_core::static_embeddings::{Piece, PieceVocabulary};

use super::Tokenizer;

/// What marks the beginning of a word where words are cut by sentencepiece.
const WORD_START: char = '\u{2581}';

/// What stands for a space, before a word, in the alphabet that byte-level BPE writes bytes in.
const BYTE_SPACE: char = '\u{120}';

/// What marks the inside of a word in a vocabulary of word pieces.
const INSIDE: &str = "##";

/// How a vocabulary tells the beginnings of words from their insides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// `##` inside.
    WordPiece,
    /// U+2581 at the beginning.
    Sentencepiece,
    /// Bytes as characters, a space at the beginning.
    ByteLevel,
}

impl Tokenizer {
    /// The pieces that the vocabulary holds, as [`pieces_of`] finds them.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        pieces_of(&self.inner).into_iter().map(|(_, piece)| piece).collect()
    }
}

/// The pieces that the vocabulary of a tokenizer holds, each once, with its id, in the order of the ids; special tokens, those
/// that join letters with other characters, and very long ones are left out.
pub(crate) fn pieces_of(tokenizer: &tokenizers::Tokenizer) -> Vec<(u32, Piece)> {
    let added = tokenizer.get_added_tokens_decoder();
    let mut tokens: Vec<(u32, String)> =
        tokenizer.get_vocab(false).into_iter().map(|(token, id)| (id, token)).collect();
    tokens.retain(|(id, _)| added.get(id).is_none_or(|token| !token.special));
    tokens.sort_unstable();
    let marks = Marks::of(&tokens);
    let mut seen = HashSet::new();
    let pieces = tokens.iter().filter_map(|(id, token)| Some((*id, marks.read(token)?)));
    pieces.filter(|(_, piece)| is_piece(&piece.text) && seen.insert(piece.clone())).collect()
}

impl Marks {
    /// Those of a vocabulary: whatever stands before a thirtieth of its tokens.
    fn of(tokens: &[(u32, String)]) -> Self {
        let marked = |mark: char| tokens.iter().filter(|(_, token)| token.starts_with(mark)).count();
        let many = tokens.len() / 30;
        if marked(WORD_START) > many {
            Self::Sentencepiece
        } else if marked(BYTE_SPACE) > many {
            Self::ByteLevel
        } else {
            Self::WordPiece
        }
    }

    fn read(self, token: &str) -> Option<Piece> {
        let (text, begins_word) = match self {
            Self::WordPiece => match token.strip_prefix(INSIDE) {
                Some(rest) if !rest.is_empty() => (rest.to_owned(), false),
                _ => (token.to_owned(), true),
            },
            Self::Sentencepiece => match token.strip_prefix(WORD_START) {
                Some(rest) => (rest.to_owned(), true),
                None => (token.to_owned(), false),
            },
            Self::ByteLevel => {
                let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
                let text = String::from_utf8(bytes?).ok()?;
                match text.strip_prefix(' ') {
                    Some(rest) => (rest.to_owned(), true),
                    None => (text, false),
                }
            }
        };
        Some(Piece { text: text.to_lowercase(), begins_word })
    }
}

/// The byte that a character of byte-level BPE stands for: printable ones of Latin-1 themselves, the others, in their order,
/// from U+0100 on (Radford et al. 2019).
fn byte_of(character: char) -> Option<u8> {
    let is_itself = |code: u32| matches!(code, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    if is_itself(code) {
        return u8::try_from(code).ok();
    }
    let place = usize::try_from(code.checked_sub(0x100)?).ok()?;
    (0..=0xff_u8).filter(|&byte| !is_itself(u32::from(byte))).nth(place)
}

/// Whether it is what words are cut into: letters and digits, not too many, or one other character that is no space.
fn is_piece(text: &str) -> bool {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => false,
        (Some(one), None) => !one.is_whitespace() && !one.is_control(),
        _ => text.len() <= PieceVocabulary::LONGEST && text.chars().all(char::is_alphanumeric),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(tokens: &[&str]) -> Vec<(String, bool)> {
        let tokens: Vec<(u32, String)> = (0..).zip(tokens.iter().map(|&token| token.to_owned())).collect();
        let marks = Marks::of(&tokens);
        let pieces = tokens.iter().filter_map(|(_, token)| marks.read(token));
        pieces.filter(|piece| is_piece(&piece.text)).map(|piece| (piece.text, piece.begins_word)).collect()
    }

    fn pieces(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
        expected.iter().map(|&(text, begins)| (text.to_owned(), begins)).collect()
    }

    #[test]
    fn word_pieces_sentencepieces_and_bytes_are_told_apart_and_read_alike() {
        let expected = pieces(&[("the", true), ("ing", false), ("!", true), ("\u{e9}t\u{e9}", true)]);
        assert_eq!(read(&["The", "##ing", "!", "\u{e9}t\u{e9}", "[unused1]"]), expected);
        assert_eq!(
            read(&["\u{2581}The", "ing", "\u{2581}!", "\u{2581}\u{e9}t\u{e9}", "\u{2581}", "<0x0A>"]),
            expected
        );
        // U+00E9 is the bytes C3 A9, which stand for themselves.
        let bytes = ["\u{120}The", "ing", "\u{120}!", "\u{120}\u{c3}\u{a9}t\u{c3}\u{a9}", "\u{10a}", "'t"];
        assert_eq!(read(&bytes), expected);
    }

    #[test]
    fn no_piece_is_longer_than_a_vocabulary_takes() {
        let (long, longer) = ("a".repeat(PieceVocabulary::LONGEST), "a".repeat(PieceVocabulary::LONGEST + 1));
        assert_eq!(read(&[&long, &longer]), pieces(&[(&long, true)]));
    }

    #[test]
    fn every_byte_has_one_character() {
        let characters: Vec<char> =
            (0..0x200).filter_map(char::from_u32).filter(|&c| byte_of(c).is_some()).collect();
        let mut bytes: Vec<u8> = characters.iter().map(|&character| byte_of(character).unwrap()).collect();
        bytes.sort_unstable();
        assert!(bytes.iter().copied().eq(0..=0xff));
        assert_eq!((byte_of(BYTE_SPACE), byte_of('\u{10a}')), (Some(b' '), Some(b'\n')));
    }
}

//! Texts without what does not make two of them different: letters' case, punctuation and space.

use lelp::hash::{GOLDEN, mix};

use crate::Text;

/// Lower-case letters and digits, words parted by one space; the second text of a pair comes behind a line's end. A text
/// without letters and digits stays as it is.
pub(super) fn normal_form(text: Text<'_>) -> String {
    let mut normal = words_of(text.text);
    if let Some(pair) = text.pair {
        normal.push('\n');
        normal.push_str(&words_of(pair));
    }
    normal
}

fn words_of(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.extend(word.chars().flat_map(char::to_lowercase));
    }
    if normal.is_empty() { text.trim().to_owned() } else { normal }
}

/// A hash of a text that does not see letters' case, punctuation and repeated space: two texts with one hash are the same
/// to a reader.
#[must_use]
pub fn text_identity(text: Text<'_>) -> u64 {
    hash_characters(normal_form(text).chars())
}

/// A hash of some characters.
pub(super) fn hash_characters(characters: impl Iterator<Item = char>) -> u64 {
    characters
        .fold(GOLDEN, |hash, character| mix(hash ^ u64::from(u32::from(character)).wrapping_mul(GOLDEN)))
}

//! Which character separates the fields.

use super::records::Dialect;
use crate::columns::Columns;

/// The separator of a file whose header is `line`: the one that shows most of the columns that are to be read.
///
/// Between equals it is the usual one of the format where that makes more than one field, else the one that makes the
/// most.
pub(super) fn delimiter(line: &[u8], usual: Dialect, columns: &Columns) -> u8 {
    let others = [b',', b';', b'\t', b'|'].into_iter().filter(|&delimiter| delimiter != usual.delimiter);
    let score = |delimiter: u8| {
        let fields = Dialect { delimiter, ..usual }.fields_of(line);
        let is_read = |field: &Vec<u8>| columns.names().any(|name| name.as_bytes() == field.trim_ascii());
        let (found, fields) = (fields.iter().filter(|field| is_read(field)).count(), fields.len());
        (found, delimiter == usual.delimiter && fields > 1, fields)
    };
    // The first of equals wins.
    let mut best = (usual.delimiter, score(usual.delimiter));
    for delimiter in others {
        let other = score(delimiter);
        if other > best.1 {
            best = (delimiter, other);
        }
    }
    best.0
}

/// The separator that Excel writes into a line of its own before the header: `sep=;`.
pub(super) fn declared(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    // Programs that quote every field quote this line too.
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.strip_prefix(b"sep=")? {
        &[delimiter] => Some(delimiter),
        _ => None,
    }
}

/// The character between the columns that are to be read, in a header that is one field: one that no format here has.
pub(super) fn unknown(header: &str, columns: &Columns) -> Option<char> {
    let others =
        header.chars().filter(|other| !other.is_alphanumeric() && !matches!(other, '_' | '"' | '\''));
    let is_read = |field: &str| columns.names().any(|name| name == field.trim_matches(['"', '\'', ' ']));
    // Blanks stand beside other separators too.
    let (blanks, others): (Vec<char>, Vec<char>) = others.partition(|other| other.is_whitespace());
    others
        .into_iter()
        .chain(blanks)
        .find(|&other| header.split(other).filter(|field| is_read(field)).count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_shows_the_columns() {
        let comma = Dialect { delimiter: b',', quoting: true, backslashes: false };
        let of = |line: &str| char::from(delimiter(line.as_bytes(), comma, &Columns::default()));
        assert_eq!(of("text,label\n"), ',');
        assert_eq!(of("text;label\n"), ';');
        assert_eq!(of("id\ttext\tlabel\n"), '\t');
        assert_eq!(of("text | label\r\n"), '|');
        assert_eq!(of("id;\"price, net\";text;label\n"), ';');
        assert_eq!(of("price, net;text;label\n"), ';');
        // Nothing that is looked for: the usual one, where it makes fields.
        assert_eq!(of("sentence,a;b;c\n"), ',');
        assert_eq!(of("sentence;class\n"), ';');
        assert_eq!(of("text\n"), ',');
    }

    #[test]
    fn a_separator_of_no_format_is_named() {
        let of = |header: &str| unknown(header, &Columns::default());
        assert_eq!(of("text:label"), Some(':'));
        assert_eq!(of("id ^ text ^ label"), Some('^'));
        assert_eq!(of("text label"), Some(' '));
        assert_eq!(of("the text of a label-maker"), None);
        assert_eq!(of("text"), None);
    }

    #[test]
    fn a_declared_separator_is_one_character() {
        assert_eq!(declared(b"sep=;\r\n"), Some(b';'));
        assert_eq!(declared(b"\"sep=|\"\r\n"), Some(b'|'));
        assert_eq!(declared(b"sep=\n"), None);
        assert_eq!(declared(b"text;label\n"), None);
    }
}

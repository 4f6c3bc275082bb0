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
        let fields = Dialect { delimiter, quoting: true }.fields_of(line);
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
    match line.trim_ascii_end().strip_prefix(b"sep=")? {
        &[delimiter] => Some(delimiter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_shows_the_columns() {
        let comma = Dialect { delimiter: b',', quoting: true };
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
    fn a_declared_separator_is_one_character() {
        assert_eq!(declared(b"sep=;\r\n"), Some(b';'));
        assert_eq!(declared(b"sep=\n"), None);
        assert_eq!(declared(b"text;label\n"), None);
    }
}

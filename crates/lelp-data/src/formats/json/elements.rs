//! JSON values one after another: the elements of an array, or values with or without line breaks in them.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::lines::MOST_BYTES;

/// The bytes of each value, with the line on which it begins; a value is not parsed, only its end is found.
pub(super) struct Elements<R> {
    reader: R,
    file: PathBuf,
    line: u64,
    /// Whether the values are elements of an array; unknown before the first byte.
    in_array: Option<bool>,
    /// Whether that array has ended.
    closed: bool,
}

impl<R: BufRead> Elements<R> {
    /// The values of `reader`, whose first line has the number `line`.
    pub(super) fn new(reader: R, file: &Path, line: u64) -> Self {
        Self { reader, file: file.to_owned(), line, in_array: None, closed: false }
    }

    /// Whether the values so far were elements of an array.
    pub(super) fn in_array(&self) -> bool {
        self.in_array == Some(true)
    }

    fn peek(&mut self) -> Result<Option<u8>, DataError> {
        let bytes = self.reader.fill_buf();
        let bytes = bytes.map_err(|source| DataError::Read { file: self.file.clone(), source })?;
        Ok(bytes.first().copied())
    }

    fn take(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.reader.consume(1);
    }

    /// Goes to the first byte of the next value; `None` behind the last one.
    fn start(&mut self) -> Result<Option<u8>, DataError> {
        while let Some(byte) = self.peek()? {
            match (byte, self.in_array) {
                (b'[', None) => self.in_array = Some(true),
                (b',', Some(true)) => {}
                (b']', Some(true)) => self.closed = true,
                _ if byte.is_ascii_whitespace() => {}
                _ => {
                    self.in_array.get_or_insert(false);
                    return Ok(Some(byte));
                }
            }
            self.take(byte);
        }
        if self.in_array() && !self.closed {
            // Told once.
            self.closed = true;
            return Err(DataError::UnclosedArray { file: self.file.clone(), line: self.line });
        }
        Ok(None)
    }

    fn value(&mut self) -> Result<Option<(u64, Vec<u8>)>, DataError> {
        if self.start()?.is_none() {
            return Ok(None);
        }
        let first_line = self.line;
        let mut value = Vec::new();
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        while let Some(byte) = self.peek()? {
            if depth == 0 && !in_string && matches!(byte, b',' | b']') && self.in_array == Some(true) {
                break;
            }
            self.take(byte);
            value.push(byte);
            if value.len() > MOST_BYTES {
                let file = self.file.clone();
                return Err(DataError::LongLine { file, line: first_line, limit: MOST_BYTES });
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        Ok(Some((first_line, value)))
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Result<(u64, Vec<u8>), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.value().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<(u64, String)> {
        let elements = Elements::new(text.as_bytes(), Path::new("d.json"), 1);
        elements
            .map(|value| value.map(|(line, value)| (line, String::from_utf8(value).unwrap())))
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn values_end_where_their_brackets_do_and_not_inside_of_strings() {
        let expected = |values: &[(u64, &str)]| {
            values.iter().map(|(line, value)| (*line, (*value).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(
            elements("[{\"a\":\"]},\\\"\"},\n {\"b\":[1,[2]]}]"),
            expected(&[(1, "{\"a\":\"]},\\\"\"}"), (2, "{\"b\":[1,[2]]}")])
        );
        assert_eq!(elements("{\n\"a\": 1\n}\n{}"), expected(&[(1, "{\n\"a\": 1\n}"), (4, "{}")]));
        assert_eq!(elements("[1, 2]"), expected(&[(1, "1"), (1, "2")]));
        assert_eq!(elements(" \n[]"), expected(&[]));
        // A file that was cut off between two elements has lost the others.
        let cut: Vec<_> = Elements::new(&b"[1,\n2,\n"[..], Path::new("d.json"), 1).collect();
        assert_eq!(
            cut.last().unwrap().as_ref().unwrap_err().to_string(),
            "`d.json`: its array of rows is not closed up to line 3, the last; is the file whole?"
        );
        // What is cut off is a value that does not parse.
        let mut cut = Elements::new(&b"[{\"a\": "[..], Path::new("d.json"), 1);
        assert_eq!(cut.next().unwrap().unwrap(), (1, b"{\"a\": ".to_vec()));
    }
}

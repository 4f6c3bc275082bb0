//! Quotation marks inside of quoted fields: twice, as RFC 4180 has them, or behind a backslash, as Spark writes them unless
//! told otherwise.

use std::io::{self, Read};

use super::quote_state::QuoteState;

/// How a quotation mark stands inside of a quoted field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// Fields are not quoted: every byte is given as it is.
    Unquoted,
    /// The first field that goes on behind what may be its closing mark decides, as RFC 4180 has none: doubled, unless a
    /// backslash stands before that mark.
    Undecided,
    /// Twice; a backslash is part of the text.
    Doubled,
    /// Behind a backslash.
    Escaped,
}

/// A mark behind which its field goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StrayQuote {
    /// The line on which it stands, from 1.
    pub(super) line: u64,
    /// Whether a backslash stands before it, so that it and all behind it are read as escaped.
    pub(super) escaped: bool,
}

/// What was read and not given out, as it depends on the byte behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// A backslash inside of a quoted field.
    Backslash,
    /// A backslash and a mark.
    BackslashMark,
}

/// Gives `""` for `\"` inside of quoted fields where marks are escaped, and every other byte as it is.
///
/// A backslash before anything else is part of the text (`C:\data`); two before a mark are two, and the mark closes.
pub(super) struct QuoteReader<R> {
    inner: R,
    delimiter: u8,
    marks: Marks,
    state: QuoteState,
    held: Held,
    /// Line of the next byte.
    line: u64,
    found: Option<StrayQuote>,
    /// What is to be given out, and how much of it was.
    ready: Vec<u8>,
    given: usize,
}

impl<R> QuoteReader<R> {
    /// The bytes of `inner`, which begin with a record on `line`.
    pub(super) fn new(inner: R, delimiter: u8, marks: Marks, line: u64) -> Self {
        let (state, held) = (QuoteState::FieldStart, Held::Nothing);
        Self { inner, delimiter, marks, state, held, line, found: None, ready: Vec::new(), given: 0 }
    }

    /// The first mark so far behind which its field goes on; where marks are escaped, none is looked for.
    pub(super) fn found(&self) -> Option<StrayQuote> {
        self.found
    }

    fn step(&mut self, byte: u8) {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => self.follow(byte),
            Held::Backslash if byte == b'"' && self.marks == Marks::Escaped => self.ready.extend(b"\"\""),
            Held::Backslash if byte == b'"' => self.held = Held::BackslashMark,
            Held::Backslash => {
                self.ready.push(b'\\');
                self.give(byte);
            }
            Held::BackslashMark if QuoteState::Closed.after(byte, self.delimiter) == QuoteState::Unquoted => {
                self.found = Some(StrayQuote { line: self.line, escaped: true });
                self.marks = Marks::Escaped;
                self.ready.extend(b"\"\"");
                self.follow(byte);
            }
            Held::BackslashMark => {
                self.ready.extend(b"\\\"");
                self.state = QuoteState::Closed;
                self.follow(byte);
            }
        }
    }

    /// A byte that stands behind nothing that was held.
    fn follow(&mut self, byte: u8) {
        let next = self.state.after(byte, self.delimiter);
        let goes_on = self.state == QuoteState::Closed && next == QuoteState::Unquoted;
        if goes_on && self.marks == Marks::Undecided {
            self.found = Some(StrayQuote { line: self.line, escaped: false });
            self.marks = Marks::Doubled;
        }
        self.state = next;
        if next == QuoteState::Quoted && byte == b'\\' && self.marks != Marks::Doubled {
            self.held = Held::Backslash;
        } else {
            self.give(byte);
        }
    }

    fn give(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.ready.push(byte);
    }

    /// What was held when there is no more.
    fn end(&mut self) {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => {}
            Held::Backslash => self.ready.push(b'\\'),
            Held::BackslashMark => self.ready.extend(b"\\\""),
        }
    }
}

impl<R: Read> Read for QuoteReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.marks == Marks::Unquoted || buffer.is_empty() {
            return self.inner.read(buffer);
        }
        if self.given == self.ready.len() {
            self.given = 0;
            self.ready.clear();
            // What is held alone is nothing to give out.
            while self.ready.is_empty() {
                let read = self.inner.read(buffer)?;
                buffer[..read].iter().for_each(|&byte| self.step(byte));
                if read == 0 {
                    self.end();
                    break;
                }
            }
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// What becomes of `text`, and the first mark behind which a field goes on, by its line; the same however it is read.
    fn read(text: &str, marks: Marks) -> (String, Option<(u64, bool)>) {
        let mut results = [1, 2, 3, 64].map(|size| {
            let mut reader = QuoteReader::new(text.as_bytes(), b',', marks, 1);
            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                let read = reader.read(&mut buffer).unwrap();
                all.extend_from_slice(&buffer[..read]);
                if read == 0 {
                    break;
                }
            }
            (String::from_utf8(all).unwrap(), reader.found().map(|first| (first.line, first.escaped)))
        });
        results.sort();
        let [first, .., last] = results;
        assert_eq!(first, last);
        first
    }

    #[test]
    fn marks_are_doubled_and_other_backslashes_kept_however_the_bytes_are_read() {
        for (written, expected) in [
            ("a,\"say \\\"hi\\\", yes\",b\n", "a,\"say \"\"hi\"\", yes\",b\n"),
            ("\"C:\\data\",\"x\\\\\",\\\"\n", "\"C:\\data\",\"x\\\\\",\\\"\n"),
            ("\"a\"\"b\",c\n\"\\", "\"a\"\"b\",c\n\"\\"),
        ] {
            assert_eq!(read(written, Marks::Escaped), (expected.to_owned(), None));
        }
    }

    #[test]
    fn fields_as_the_rfc_has_them_are_passed_over() {
        for text in [
            "a,b\n",
            "\"a\",\"b\"\r\n",
            "\"a \"\"b\"\"\",c\n",
            "\"a\n\"\"\n\",b\n",
            "5\" pipe,b\n",
            "\"C:\\\",b\n",
            "\"C:\\\"",
            "\"C:\\new\\\\\",b\n",
        ] {
            assert_eq!(read(text, Marks::Undecided), (text.to_owned(), None));
        }
    }

    #[test]
    fn the_first_field_that_goes_on_behind_its_mark_decides() {
        let escaped = read("t,l\n\"say \\\"hi\\\", yes\",b\n\"\\\",\",c\n", Marks::Undecided);
        assert_eq!(escaped, ("t,l\n\"say \"\"hi\"\", yes\",b\n\"\"\",\",c\n".to_owned(), Some((2, true))));
        let doubled = "t,l\na,b\n\"a\" b,c\n\"d\"e,f\n\"g\\\"h,i\n";
        assert_eq!(read(doubled, Marks::Undecided), (doubled.to_owned(), Some((3, false))));
    }
}

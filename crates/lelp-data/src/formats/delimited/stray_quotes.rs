//! Quotation marks in places where RFC 4180 has none: a field that goes on behind its closing mark.
//!
//! They are read as they come, which is seldom what was meant.

use super::quote_state::QuoteState;

/// Follows the bytes of a file and finds the first such mark.
#[derive(Debug, Clone)]
pub(super) struct StrayQuotes {
    delimiter: u8,
    state: QuoteState,
    /// The byte before, and the one before that.
    last: [u8; 2],
    /// Lines so far.
    line: u64,
    found: Option<StrayQuote>,
}

/// A mark behind which its field goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StrayQuote {
    /// The line on which it stands, from 1.
    pub(super) line: u64,
    /// Whether a backslash stands before it.
    pub(super) escaped: bool,
}

impl StrayQuotes {
    /// Before the first of the bytes, which stand on `line`.
    pub(super) fn new(delimiter: u8, line: u64) -> Self {
        Self { delimiter, state: QuoteState::FieldStart, last: [0; 2], line, found: None }
    }

    /// Goes on over `bytes`.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let next = self.state.after(byte, self.delimiter);
            if self.state == QuoteState::Closed && next == QuoteState::Unquoted && self.found.is_none() {
                self.found = Some(StrayQuote { line: self.line, escaped: self.last[1] == b'\\' });
            }
            self.state = next;
            self.line += u64::from(byte == b'\n');
            self.last = [byte, self.last[0]];
        }
    }

    /// The first such mark.
    pub(super) fn found(&self) -> Option<StrayQuote> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(u64, bool)> {
        let mut quotes = StrayQuotes::new(b',', 1);
        // However the bytes are cut.
        text.as_bytes().chunks(3).for_each(|bytes| quotes.follow(bytes));
        quotes.found().map(|first| (first.line, first.escaped))
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
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_field_that_goes_on_behind_its_mark_is_found_with_its_line() {
        assert_eq!(found("t,l\n\"say \\\"hi\\\", yes\",b\n"), Some((2, true)));
        assert_eq!(found("t,l\na,b\n\"a\" b,c\n\"d\"e,f\n"), Some((3, false)));
    }
}

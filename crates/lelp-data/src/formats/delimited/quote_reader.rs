//! Quotation marks behind a backslash inside of quoted fields, as Spark writes them unless told otherwise.

use std::io::{self, Read};

use super::quote_state::QuoteState;

/// Gives `""` for `\"` inside of quoted fields, and every other byte as it is.
///
/// A backslash before anything else is part of the text (`C:\data`); two before a mark are two, and the mark closes.
pub(super) struct BackslashQuotes<R> {
    inner: R,
    delimiter: u8,
    state: QuoteState,
    /// Whether a backslash inside of a quoted field was read and not given out.
    backslash: bool,
    /// What is to be given out before anything else is read.
    waiting: Option<u8>,
}

impl<R> BackslashQuotes<R> {
    /// The bytes of `inner`, which begin with a record.
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        Self { inner, delimiter, state: QuoteState::FieldStart, backslash: false, waiting: None }
    }

    /// What stands for `byte`: nothing yet, one byte or two.
    fn step(&mut self, byte: u8) -> (Option<u8>, Option<u8>) {
        if std::mem::take(&mut self.backslash) {
            let first = if byte == b'"' { b'"' } else { b'\\' };
            return (Some(first), Some(byte));
        }
        self.state = self.state.after(byte, self.delimiter);
        if self.state == QuoteState::Quoted && byte == b'\\' {
            self.backslash = true;
            return (None, None);
        }
        (Some(byte), None)
    }
}

impl<R: Read> Read for BackslashQuotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // Half of the buffer, as each byte may become two.
        let mut bytes = vec![0; (buffer.len() / 2).max(1)];
        let mut written = 0;
        loop {
            if let Some(byte) = self.waiting.take() {
                buffer[written] = byte;
                written += 1;
            }
            if written > 0 {
                return Ok(written);
            }
            let read = self.inner.read(&mut bytes)?;
            if read == 0 {
                // A file that ends behind a backslash ends with it.
                self.waiting = std::mem::take(&mut self.backslash).then_some(b'\\');
                if self.waiting.is_none() {
                    return Ok(0);
                }
                continue;
            }
            for &byte in &bytes[..read] {
                let (first, second) = self.step(byte);
                for byte in first.into_iter().chain(second) {
                    if written < buffer.len() {
                        buffer[written] = byte;
                        written += 1;
                    } else {
                        self.waiting = Some(byte);
                    }
                }
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn marks_are_doubled_and_other_backslashes_kept_however_the_bytes_are_read() {
        for (written, expected) in [
            ("a,\"say \\\"hi\\\", yes\",b\n", "a,\"say \"\"hi\"\", yes\",b\n"),
            ("\"C:\\data\",\"x\\\\\",\\\"\n", "\"C:\\data\",\"x\\\\\",\\\"\n"),
            ("\"a\"\"b\",c\n\"\\", "\"a\"\"b\",c\n\"\\"),
        ] {
            for size in [1, 2, 3, 64] {
                let mut reader = BackslashQuotes::new(written.as_bytes(), b',');
                let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
                loop {
                    let read = reader.read(&mut buffer).unwrap();
                    all.extend_from_slice(&buffer[..read]);
                    if read == 0 {
                        break;
                    }
                }
                assert_eq!(String::from_utf8(all).unwrap(), expected, "{size}");
            }
        }
    }
}

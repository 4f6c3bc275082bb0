//! Records of a delimited file, each with the lines on which it stands.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::quote_reader::{Marks, QuoteReader, StrayQuote};
use crate::error::DataError;
use crate::formats::lines::{Lines, MOST_BYTES};

/// How fields are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether a field may stand in quotation marks, and then hold separators and line breaks.
    pub(super) quoting: bool,
    /// Whether it is known that a quotation mark inside of such a field stands behind a backslash, in place of twice; else
    /// the first row that shows it decides.
    pub(super) backslashes: bool,
}

impl Dialect {
    fn reader<R: Read>(self, reader: R) -> Reader<R> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.delimiter).quoting(self.quoting);
        builder.from_reader(reader)
    }

    fn marks(self) -> Marks {
        match self {
            Self { quoting: false, .. } => Marks::Unquoted,
            Self { backslashes: true, .. } => Marks::Escaped,
            Self { .. } => Marks::Undecided,
        }
    }

    /// The fields of a line on its own.
    pub(super) fn fields_of(self, line: &[u8]) -> Vec<Vec<u8>> {
        let mut record = ByteRecord::new();
        match self.reader(line).read_byte_record(&mut record) {
            Ok(true) => record.iter().map(<[u8]>::to_vec).collect(),
            _ => Vec::new(),
        }
    }
}

/// A reader of records, of which it holds one at a time.
pub(super) struct Records {
    reader: Reader<Limited>,
    file: PathBuf,
    record: ByteRecord,
    /// Bytes since the last record.
    bytes: Arc<AtomicUsize>,
    /// Lines before the first record.
    lines_before: u64,
}

impl Records {
    /// The records of `line`, the last one that was read of `lines`, and of those behind it.
    pub(super) fn new<R>(line: Vec<u8>, lines: Lines<R>, dialect: Dialect) -> Self
    where
        R: BufRead + Send + 'static,
    {
        let (file, lines_before) = (lines.file().to_owned(), lines.number().saturating_sub(1));
        let bytes = Arc::new(AtomicUsize::new(0));
        let whole: Box<dyn Read + Send> = Box::new(io::Cursor::new(line).chain(lines.reader));
        let inner = QuoteReader::new(whole, dialect.delimiter, dialect.marks(), lines_before + 1);
        let limited =
            Limited { inner, bytes: Arc::clone(&bytes), newest: Vec::new(), given: 0, ended: false };
        let reader = dialect.reader(limited);
        Self { reader, file, record: ByteRecord::new(), bytes, lines_before }
    }

    /// Reads the next record; `false` behind the last one.
    ///
    /// # Errors
    /// [`DataError::UnclosedQuote`] if the file ends inside of a quoted field, [`DataError::LongLine`] if a record is
    /// longer than any text.
    pub(super) fn next_record(&mut self) -> Result<bool, DataError> {
        self.bytes.store(0, Ordering::Relaxed);
        let line = self.lines_before + self.reader.position().line();
        let file = || self.file.clone();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(false),
            Ok(true) if self.is_open() => {
                let (line, last) = self.lines();
                Err(DataError::UnclosedQuote { file: file(), line, last: last.saturating_sub(1) })
            }
            Ok(true) => Ok(true),
            Err(error) => Err(match error.into_kind() {
                ErrorKind::Io(source) if is_too_long(&source) => {
                    DataError::LongLine { file: file(), line, limit: MOST_BYTES }
                }
                ErrorKind::Io(source) => DataError::Read { file: file(), source },
                // Byte records of any length are neither decoded nor deserialised: no other kind occurs.
                other => DataError::Read { file: file(), source: io::Error::other(format!("{other:?}")) },
            }),
        }
    }

    /// Whether the file has ended inside of a quoted field: outside of one, its last line break would have ended the
    /// record, and a closed one ends with a quotation mark.
    fn is_open(&self) -> bool {
        let limited = self.reader.get_ref();
        self.record.as_slice().last() == Some(&b'\n') && limited.ended && limited.ends_with_break()
    }

    /// The first quoted field so far that goes on behind its closing mark.
    pub(super) fn stray_quote(&self) -> Option<StrayQuote> {
        self.reader.get_ref().inner.found()
    }

    /// The fields of the record.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.record.iter()
    }

    /// A field of the record.
    pub(super) fn field(&self, place: usize) -> &[u8] {
        &self.record[place]
    }

    /// Number of fields of the record.
    pub(super) fn count(&self) -> usize {
        self.record.len()
    }

    /// The line on which the record begins, and the one on which it ends.
    ///
    /// Counted from its end: blank lines may stand before it, and of a line end of two characters the second one is read with
    /// the next record.
    pub(super) fn lines(&self) -> (u64, u64) {
        let end = self.reader.position();
        let ended_by_break = !self.is_open() && self.reader.get_ref().is_behind_break(end.byte());
        let last = end.line() + self.lines_before - u64::from(ended_by_break);
        let breaks = self.record.as_slice().split(|byte| *byte == b'\n').skip(1).count() as u64;
        (last - breaks, last)
    }
}

/// A reader that gives up where a record does not end.
struct Limited {
    inner: QuoteReader<Box<dyn Read + Send>>,
    bytes: Arc<AtomicUsize>,
    /// The bytes that were given out last: a record ends among them.
    newest: Vec<u8>,
    /// How many were given out, with them.
    given: u64,
    /// Whether there is no more, and a record that comes now was ended by that.
    ended: bool,
}

impl Limited {
    /// Whether the last byte so far ends a line.
    fn ends_with_break(&self) -> bool {
        self.newest.last() == Some(&b'\n')
    }

    /// Whether the byte before the place `end` ends a line.
    fn is_behind_break(&self, end: u64) -> bool {
        let back = usize::try_from(self.given - end).ok();
        let place = back.and_then(|back| self.newest.len().checked_sub(back + 1));
        place.is_some_and(|place| self.newest[place] == b'\n')
    }
}

/// More bytes than a record can have.
#[derive(Debug, thiserror::Error)]
#[error("a record is too long")]
struct TooLong;

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()).is_some()
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.ended = read == 0;
        if !self.ended {
            self.newest.clear();
            self.newest.extend_from_slice(&buffer[..read]);
            self.given += read as u64;
        }
        if self.bytes.fetch_add(read, Ordering::Relaxed) > MOST_BYTES {
            return Err(io::Error::other(TooLong));
        }
        Ok(read)
    }
}

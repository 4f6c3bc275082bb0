//! Records of a delimited file, each with the lines on which it stands.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::backslash_quotes::BackslashQuotes;
use super::stray_quotes::{StrayQuote, StrayQuotes};
use crate::error::DataError;
use crate::formats::lines::{Lines, MOST_BYTES};

/// How fields are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether a field may stand in quotation marks, and then hold separators and line breaks.
    pub(super) quoting: bool,
    /// Whether a quotation mark inside of such a field stands behind a backslash, in place of twice.
    pub(super) backslashes: bool,
}

impl Dialect {
    fn reader<R: Read>(self, reader: R) -> Reader<R> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.delimiter).quoting(self.quoting);
        builder.from_reader(reader)
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
    reader: Reader<Limited<Box<dyn Read + Send>>>,
    file: PathBuf,
    record: ByteRecord,
    /// Bytes since the last record.
    bytes: Arc<AtomicUsize>,
    /// Lines before the first record.
    lines_before: u64,
    /// Whether lines end in two characters: the reader counts a line at the second one, which it reads with the next record.
    two_characters: bool,
}

impl Records {
    /// The records of `line`, the last one that was read of `lines`, and of those behind it.
    pub(super) fn new<R>(line: Vec<u8>, lines: Lines<R>, dialect: Dialect) -> Self
    where
        R: BufRead + Send + 'static,
    {
        let (file, lines_before) = (lines.file().to_owned(), lines.number().saturating_sub(1));
        let two_characters = line.ends_with(b"\r\n");
        let bytes = Arc::new(AtomicUsize::new(0));
        let whole = io::Cursor::new(line).chain(lines.reader);
        let Dialect { delimiter, quoting, backslashes } = dialect;
        let stray = (quoting && !backslashes).then(|| StrayQuotes::new(delimiter, lines_before + 1));
        let inner: Box<dyn Read + Send> =
            if backslashes { Box::new(BackslashQuotes::new(whole, delimiter)) } else { Box::new(whole) };
        let limited = Limited { inner, bytes: Arc::clone(&bytes), last: 0, ended: false, stray };
        let reader = dialect.reader(limited);
        Self { reader, file, record: ByteRecord::new(), bytes, lines_before, two_characters }
    }

    /// Reads the next record; `false` behind the last one.
    ///
    /// # Errors
    /// [`DataError::UnclosedQuote`] if the file ends inside of a quoted field, [`DataError::LongLine`] if a record is
    /// longer than any text.
    pub(super) fn next_record(&mut self) -> Result<bool, DataError> {
        self.bytes.store(0, Ordering::Relaxed);
        let line = self.line_of(self.reader.position());
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
        let Limited { last, ended, .. } = self.reader.get_ref();
        self.record.as_slice().last() == Some(&b'\n') && *ended && *last == b'\n'
    }

    /// The first quoted field so far that goes on behind its closing mark.
    pub(super) fn stray_quote(&self) -> Option<StrayQuote> {
        self.reader.get_ref().stray.as_ref().and_then(StrayQuotes::found)
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
    pub(super) fn lines(&self) -> (u64, u64) {
        let breaks = self.record.as_slice().split(|byte| *byte == b'\n').count() as u64 - 1;
        let first = self.record.position().map_or(0, |position| self.line_of(position));
        (first, first + breaks)
    }

    /// The line of the file where a record begins.
    fn line_of(&self, position: &csv::Position) -> u64 {
        position.line() + self.lines_before + u64::from(self.two_characters && position.byte() > 0)
    }
}

/// A reader that gives up where a record does not end.
struct Limited<R> {
    inner: R,
    bytes: Arc<AtomicUsize>,
    /// The last byte that was read.
    last: u8,
    /// Whether there is no more, and a record that comes now was ended by that.
    ended: bool,
    /// Looks for stray quotation marks, where fields may be quoted.
    stray: Option<StrayQuotes>,
}

/// More bytes than a record can have.
#[derive(Debug, thiserror::Error)]
#[error("a record is too long")]
struct TooLong;

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()).is_some()
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.ended = read == 0;
        self.last = buffer[..read].last().copied().unwrap_or(self.last);
        if let Some(stray) = &mut self.stray {
            stray.follow(&buffer[..read]);
        }
        if self.bytes.fetch_add(read, Ordering::Relaxed) > MOST_BYTES {
            return Err(io::Error::other(TooLong));
        }
        Ok(read)
    }
}

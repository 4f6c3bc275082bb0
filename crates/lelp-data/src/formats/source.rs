//! Bytes of a data set as they are stored: from a file or a stream, packed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{Format, foreign};
use crate::error::DataError;

/// Where the bytes come from.
pub(crate) enum Source {
    /// A file, which can be read at any place.
    File(File),
    /// A stream, which is read from front to back.
    Stream(Box<dyn Read + Send>),
}

/// A packed file may unpack to this many bytes, whatever its size ...
const ALWAYS_ALLOWED: u64 = 256 << 20;
/// ... or to this many times its size: text packs to a tenth, and repeated rows to a hundredth.
const MOST_GROWTH: u64 = 200;

const BUFFER: usize = 1 << 16;
/// Bytes that show what a file is.
const START: u64 = 512;

impl Source {
    /// Whether what its path leads to gives the same bytes once more.
    pub(super) fn can_be_read_again(&self) -> bool {
        matches!(self, Self::File(file) if file.metadata().is_ok_and(|about| about.is_file()))
    }

    /// The file from its first byte on, unless it is of another sort than `format`, which is no text.
    ///
    /// # Errors
    /// [`DataError::Foreign`] names the sort.
    pub(super) fn binary_file(mut file: File, path: &Path, format: &Format) -> Result<File, DataError> {
        let read = |source| DataError::Read { file: path.to_owned(), source };
        let mut start = Vec::new();
        file.by_ref().take(START).read_to_end(&mut start).map_err(read)?;
        file.rewind().map_err(read)?;
        match foreign::in_place_of_binary(&start, format) {
            Some(what) => Err(DataError::Foreign { file: path.to_owned(), what }),
            None => Ok(file),
        }
    }

    /// The bytes of text from front to back, unpacked where they are packed with gzip or Zstandard.
    ///
    /// How they are packed is seen from their first bytes, whatever the name of the file.
    ///
    /// # Errors
    /// [`DataError::Foreign`] if they are no text that can be read.
    pub(super) fn text(self, file: &Path) -> Result<Box<dyn BufRead + Send>, DataError> {
        let read = |source| DataError::Read { file: file.to_owned(), source };
        let packed_bytes = match &self {
            Self::File(file) => file.metadata().map_err(read)?.len(),
            Self::Stream(_) => 0,
        };
        let inner: Box<dyn Read + Send> = match self {
            Self::File(file) => Box::new(file),
            Self::Stream(reader) => reader,
        };
        let mut reader = BufReader::with_capacity(BUFFER, inner);
        let start = reader.fill_buf().map_err(read)?;
        let limit = ALWAYS_ALLOWED.max(packed_bytes.saturating_mul(MOST_GROWTH));
        let unpacked: Box<dyn Read + Send> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(Bounded { inner: MultiGzDecoder::new(reader), left: limit, limit })
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let decoder = zstd::stream::read::Decoder::with_buffer(reader).map_err(read)?;
            Box::new(Bounded { inner: decoder, left: limit, limit })
        } else {
            check_text(start, file)?;
            return Ok(Box::new(reader));
        };
        let mut unpacked = BufReader::with_capacity(BUFFER, unpacked);
        check_text(unpacked.fill_buf().map_err(read)?, file)?;
        Ok(Box::new(unpacked))
    }
}

fn check_text(start: &[u8], file: &Path) -> Result<(), DataError> {
    match foreign::in_place_of_text(start) {
        Some(what) => Err(DataError::Foreign { file: file.to_owned(), what }),
        None => Ok(()),
    }
}

/// A reader that gives up after `limit` bytes.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let too_much = || {
            let limit = self.limit;
            let text = format!("it unpacks to more than {limit} bytes, out of all proportion to its size");
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        self.left = self.left.checked_sub(read as u64).ok_or_else(too_much)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_an_error() {
        let read = |limit| {
            let mut bytes = Vec::new();
            Bounded { inner: &b"0123456789"[..], left: limit, limit }.read_to_end(&mut bytes).map(|_| bytes)
        };
        assert_eq!(read(10).unwrap(), b"0123456789");
        assert!(read(9).unwrap_err().to_string().contains("more than 9 bytes"));
    }
}

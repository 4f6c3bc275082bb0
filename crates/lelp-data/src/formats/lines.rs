//! Lines of a file.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use crate::error::DataError;

/// Most bytes of a line, a record or a JSON value: no text is as long, and a damaged or hostile file may be one line.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Lines with their numbers from 1, the first without a byte order mark.
pub(super) struct Lines<R> {
    /// What is behind the last line.
    pub(super) reader: R,
    file: PathBuf,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, file: &Path) -> Self {
        Self { reader, file: file.to_owned(), number: 0 }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Number of the last line that was read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line, with its end, behind what `line` holds; `false` at the end of the file.
    pub(super) fn append(&mut self, line: &mut Vec<u8>) -> Result<bool, DataError> {
        let start = line.len();
        let mut limited = self.reader.by_ref().take(MOST_BYTES as u64 + 1);
        let read = limited.read_until(b'\n', line);
        let read = read.map_err(|source| DataError::Read { file: self.file.clone(), source })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        if read > MOST_BYTES {
            return Err(DataError::LongLine {
                file: self.file.clone(),
                line: self.number,
                limit: MOST_BYTES,
            });
        }
        if self.number == 1 && line[start..].starts_with("\u{feff}".as_bytes()) {
            line.drain(start..start + 3);
        }
        Ok(true)
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<(u64, Vec<u8>), DataError>;

    /// The next line without `\n` or `\r\n`.
    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.append(&mut line) {
            Ok(false) => None,
            Err(error) => Some(Err(error)),
            Ok(true) => {
                for ending in [b'\n', b'\r'] {
                    line.pop_if(|last| *last == ending);
                }
                Some(Ok((self.number, line)))
            }
        }
    }
}

//! JSON files that are read with a bound on their length: one value, or one value a line.
//!
//! Records that the program writes line by line (metrics, results) have no length of their own: another file, or a
//! damaged one, could be one line of any size, and is refused before it fills the memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use lelp::{Classified, ErrorKind};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::storage::FileError;

/// Most bytes of a line, or of a file of one value: the largest record has one bit for each of millions of test rows.
const MOST_BYTES: u64 = 64 << 20;

/// Why a JSON file could not be read.
#[derive(Debug, Error)]
pub enum BoundedJsonError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file does not hold the expected value.
    #[error("`{}` is damaged, or was not written to its end", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A line does not hold the expected value.
    #[error("line {line} of `{}` is damaged at column {}: {}", path.display(), problem.column(), json_reason(problem))]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What the parser says, with the column in that line.
        problem: serde_json::Error,
    },
    /// A file or a line is too long to be a record.
    #[error(
        "`{}` has {found} bytes or more in one value, but a record has at most {limit}; is it another file?",
        path.display()
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes found.
        found: u64,
        /// Most bytes that are read.
        limit: u64,
    },
}

impl Classified for BoundedJsonError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Value { .. } | Self::Line { .. } | Self::TooLong { .. } => ErrorKind::Input,
        }
    }
}

/// What the parser says of a value that is one line of a file, without its place, which counts that line as the first.
pub(crate) fn json_reason(problem: &serde_json::Error) -> String {
    let text = problem.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// Reads the value of a JSON file.
///
/// # Errors
/// [`BoundedJsonError`] if the file cannot be read, is longer than 64 MB, or does not hold a `T`.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, BoundedJsonError> {
    let mut bytes = Vec::new();
    let limited = &mut open(path)?.take(MOST_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    check_length(path, bytes.len(), MOST_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|source| BoundedJsonError::Value { path: path.to_owned(), source })
}

/// As [`read_json`]; none where there is no such file.
///
/// # Errors
/// As [`read_json`].
pub fn read_json_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, BoundedJsonError> {
    if path.is_file() { read_json(path).map(Some) } else { Ok(None) }
}

/// A file of one JSON value a line, read line by line.
#[derive(Debug)]
pub struct JsonLines {
    reader: BufReader<File>,
    path: PathBuf,
    most_bytes: u64,
    number: usize,
    bytes: Vec<u8>,
}

/// A line of [`JsonLines`].
#[derive(Debug)]
pub struct JsonLine<'a> {
    path: &'a Path,
    number: usize,
    bytes: &'a [u8],
}

impl JsonLines {
    /// Opens `path`.
    ///
    /// # Errors
    /// [`BoundedJsonError::File`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, BoundedJsonError> {
        let reader = open(path)?;
        Ok(Self { reader, path: path.to_owned(), most_bytes: MOST_BYTES, number: 0, bytes: Vec::new() })
    }

    /// The next line; none at the end of the file.
    ///
    /// # Errors
    /// [`BoundedJsonError`] if the file cannot be read, or the line is longer than 64 MB.
    pub fn next_line(&mut self) -> Result<Option<JsonLine<'_>>, BoundedJsonError> {
        self.bytes.clear();
        let mut limited = self.reader.by_ref().take(self.most_bytes + 1);
        let read = limited.read_until(b'\n', &mut self.bytes);
        read.map_err(|source| FileError::Read { path: self.path.clone(), source })?;
        check_length(&self.path, self.bytes.len(), self.most_bytes)?;
        self.number += 1;
        let line = JsonLine { path: &self.path, number: self.number, bytes: &self.bytes };
        Ok((!self.bytes.is_empty()).then_some(line))
    }
}

impl JsonLine<'_> {
    /// Its bytes, with its end.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Whether there is only white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    /// Whether it ends with a line break. A last line without one is what a program that was stopped leaves behind.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    /// Its value.
    ///
    /// # Errors
    /// [`BoundedJsonError::Line`] if it does not hold a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, BoundedJsonError> {
        serde_json::from_slice(self.bytes).map_err(|problem| BoundedJsonError::Line {
            path: self.path.to_owned(),
            line: self.number,
            problem,
        })
    }
}

/// Reads the values of a file of one a line, without blank lines, and passes each to `take`.
///
/// A last line that was cut off is left out.
///
/// # Errors
/// [`BoundedJsonError`] if the file cannot be read, or a line is longer than 64 MB or does not hold a `T`.
pub fn read_json_lines<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T),
) -> Result<(), BoundedJsonError> {
    let mut lines = JsonLines::open(path)?;
    while let Some(line) = lines.next_line()? {
        if line.is_blank() {
            continue;
        }
        match line.parse() {
            Ok(value) => take(value),
            Err(BoundedJsonError::Line { problem, .. }) if problem.is_eof() && !line.is_terminated() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<BufReader<File>, FileError> {
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}

fn check_length(path: &Path, found: usize, limit: u64) -> Result<(), BoundedJsonError> {
    let found = found as u64;
    if found > limit {
        return Err(BoundedJsonError::TooLong { path: path.to_owned(), found, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_is_named_and_a_cut_last_one_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lines.jsonl");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let mut values = Vec::new();
            read_json_lines(&file, |value: Vec<u32>| values.push(value)).map(|()| values)
        };
        assert_eq!(read("[1]\n\n[2, 3]").unwrap(), [vec![1], vec![2, 3]]);
        assert_eq!(read("[1]\n[2, ").unwrap(), [vec![1]]);
        let said = read("[1]\n[2, \n[3]\n").unwrap_err().to_string();
        assert!(said.starts_with("line 2 of ") && said.contains("lines.jsonl"), "{said}");
        assert!(read("[1]\n[\"x\"]").unwrap_err().to_string().starts_with("line 2"));
    }

    #[test]
    fn a_line_longer_than_the_bound_is_refused_and_one_as_long_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lines.jsonl");
        std::fs::write(&file, "[1]\n[1, 2]\n").unwrap();
        let mut lines = JsonLines { most_bytes: 4, ..JsonLines::open(&file).unwrap() };
        assert_eq!(lines.next_line().unwrap().unwrap().parse::<Vec<u32>>().unwrap(), [1]);
        let refused = lines.next_line().unwrap_err();
        assert!(matches!(refused, BoundedJsonError::TooLong { found: 5, limit: 4, .. }), "{refused}");
    }

    #[test]
    fn a_file_of_one_value_is_read_whole_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("value.json");
        std::fs::write(&file, "{\"a\": 1}").unwrap();
        assert_eq!(read_json::<serde_json::Value>(&file).unwrap()["a"], 1);
        std::fs::write(&file, "{\"a\": ").unwrap();
        let said = read_json::<serde_json::Value>(&file).unwrap_err().to_string();
        assert!(said.contains("value.json") && said.contains("damaged"), "{said}");
        assert!(matches!(
            read_json::<serde_json::Value>(&folder.path().join("none.json")),
            Err(BoundedJsonError::File(FileError::Read { .. }))
        ));
    }
}

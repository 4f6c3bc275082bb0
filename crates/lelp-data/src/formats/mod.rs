//! File formats of data sets: a file each, and a line in [`Format::ALL`].

mod delimited;
mod json_lines;
mod lines;
mod parquet;
mod text_lines;
mod utf8;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::columns::{Columns, FileRows};
use crate::error::DataError;

/// How a data set is stored.
#[derive(Debug)]
pub struct Format {
    name: &'static str,
    summary: &'static str,
    endings: &'static [&'static str],
    open: fn(Source, &Path, &Columns) -> Result<FileRows, DataError>,
}

impl Format {
    /// All formats.
    pub const ALL: &[&'static Format] = &[
        &parquet::PARQUET,
        &delimited::CSV,
        &delimited::TSV,
        &json_lines::JSON_LINES,
        &text_lines::TEXT_LINES,
    ];

    /// The format of `path` by the ending of its name.
    pub fn of(path: &Path) -> Result<&'static Self, DataError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let ends = |format: &&&Self| ending.as_deref().is_some_and(|ending| format.endings.contains(&ending));
        Self::ALL.iter().find(ends).copied().ok_or_else(|| DataError::UnknownFormat {
            file: path.to_owned(),
            known: Self::all_endings().collect(),
        })
    }

    /// The format called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }

    /// Endings of the names of all files that are understood.
    pub fn all_endings() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().flat_map(|format| format.endings.iter().copied())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is, in a line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Endings of its files' names, in lower case, without the dot.
    #[must_use]
    pub fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    /// Opens rows; `file` stands for their origin in errors.
    pub(crate) fn open(&self, source: Source, file: &Path, columns: &Columns) -> Result<FileRows, DataError> {
        (self.open)(source, file, columns)
    }
}

/// Where the bytes come from.
pub(crate) enum Source {
    /// A file, which can be read at any place.
    File(File),
    /// A stream, which is read from front to back.
    Stream(Box<dyn Read + Send>),
}

impl Source {
    /// The bytes from front to back.
    fn buffered(self) -> impl BufRead + Send + 'static {
        let reader: Box<dyn Read + Send> = match self {
            Self::File(file) => Box::new(file),
            Self::Stream(reader) => reader,
        };
        BufReader::with_capacity(1 << 16, reader)
    }
}

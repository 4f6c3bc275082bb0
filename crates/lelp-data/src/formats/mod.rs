//! File formats of data sets, told apart by the file's name.

pub(crate) mod delimited;
pub(crate) mod json_lines;
pub(crate) mod parquet;
pub(crate) mod text_lines;

use std::path::Path;

use crate::error::DataError;

/// How a data set is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet; uncompressed, Snappy, gzip, LZ4 or Zstandard.
    Parquet,
    /// Comma-separated values with a header row, quoted as in RFC 4180.
    Csv,
    /// As [`Format::Csv`], separated by tabs.
    Tsv,
    /// One JSON object a line.
    JsonLines,
    /// One text a line, without columns.
    TextLines,
}

impl Format {
    /// The endings of file names that are understood, and what each stands for.
    pub const ENDINGS: [(&'static str, Format); 6] = [
        ("parquet", Format::Parquet),
        ("csv", Format::Csv),
        ("tsv", Format::Tsv),
        ("jsonl", Format::JsonLines),
        ("ndjson", Format::JsonLines),
        ("txt", Format::TextLines),
    ];

    /// The format of `path` by the ending of its name.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        Self::ENDINGS
            .iter()
            .find(|(known, _)| ending.as_deref() == Some(known))
            .map(|&(_, format)| format)
            .ok_or_else(|| DataError::UnknownFormat { file: path.to_owned() })
    }
}

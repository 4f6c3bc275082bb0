//! File formats of data sets: a file each, and a line in [`Format::ALL`].

mod arrow;
mod budget;
mod class_label;
mod delimited;
mod fasttext;
mod foreign;
mod json;
mod lines;
mod parquet;
mod source;
mod text_lines;
mod utf8;

use std::path::Path;

use crate::columns::{Columns, FileRows};
use crate::error::DataError;
use crate::notices::NoticeLog;

pub use json::write_json_lines;
pub(crate) use source::Source;

/// How a data set is stored.
#[derive(Debug)]
pub struct Format {
    name: &'static str,
    summary: &'static str,
    endings: &'static [&'static str],
    open: fn(Source, &Path, &Columns, &NoticeLog) -> Result<FileRows, DataError>,
}

impl Format {
    /// All formats.
    pub const ALL: &[&'static Format] = &[
        &parquet::PARQUET,
        &arrow::ARROW,
        &delimited::CSV,
        &delimited::TSV,
        &json::JSON_LINES,
        &text_lines::TEXT_LINES,
    ];

    /// The format of `path` by the ending of its name, behind which may stand that of a packed file.
    pub fn of(path: &Path) -> Result<&'static Self, DataError> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let mut endings = name.rsplit('.');
        let mut ending = endings.next().filter(|ending| *ending != name);
        if ending.is_some_and(Self::is_packing) {
            ending = endings.next();
        }
        let ends = |format: &&&Self| ending.is_some_and(|ending| format.endings.contains(&ending));
        let unknown =
            || DataError::UnknownFormat { file: path.to_owned(), known: Self::all_endings().collect() };
        let other = || foreign::by_ending(path).unwrap_or_else(unknown);
        Self::ALL.iter().find(ends).copied().ok_or_else(other)
    }

    /// Whether an ending is that of a packed file, which is unpacked while it is read.
    pub(crate) fn is_packing(ending: &str) -> bool {
        matches!(ending, "gz" | "gzip" | "zst" | "zstd")
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

    /// Opens rows; `file` stands for their origin in errors, and `notices` takes what the user should know of them.
    pub(crate) fn open(
        &self,
        source: Source,
        file: &Path,
        columns: &Columns,
        notices: &NoticeLog,
    ) -> Result<FileRows, DataError> {
        (self.open)(source, file, columns, notices)
    }
}

/// Whether the name of a file says that it is packed as a whole.
fn is_packed(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| Format::is_packing(&ending.to_lowercase()))
}

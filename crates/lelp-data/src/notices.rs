//! What was read otherwise than it stands in a file: no error, but nothing to pass over in silence.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Location;

/// What a notice is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// A quoted field spans lines and holds separators: a quote may be missing.
    QuotedLines,
    /// Fields of a tab-separated file stand in quotation marks, which belong to the text there.
    QuotesInTsv,
    /// Lines of text begin with labels, as fastText has them.
    FastText,
    /// Half of a surrogate pair was read as U+FFFD.
    HalfSurrogate,
    /// `NaN` or an infinity, which JSON does not have, was read as nothing.
    NotANumber,
    /// A file of a folder of splits that is none of them.
    PassedOver,
    /// One shard of several was named, and the others were not read.
    OneShard,
    /// A column whose name differs from the one that is looked for.
    SimilarColumn {
        /// The column in the file.
        found: String,
        /// The column that would be read.
        wanted: String,
    },
    /// Labels that count as none.
    Unlabelled {
        /// The label in the file.
        mark: String,
    },
}

/// Something to tell about a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The file.
    pub file: PathBuf,
    /// What it is.
    pub kind: NoticeKind,
    /// Where it was first met.
    pub location: Option<Location>,
    /// How often it was met.
    pub count: u64,
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, kind, location, count } = self;
        write!(formatter, "`{}`", file.display())?;
        if let Some(location) = location {
            write!(formatter, ", {location}")?;
        }
        let rows = if *count == 1 { "row" } else { "rows" };
        match kind {
            NoticeKind::QuotedLines => {
                write!(formatter, ": a quoted field spans lines and holds separators; is a quote missing?")
            }
            NoticeKind::QuotesInTsv => write!(
                formatter,
                ": a field stands in quotation marks, which are part of the text in a tab-separated file"
            ),
            NoticeKind::HalfSurrogate => {
                write!(formatter, ": half of a surrogate pair was read as U+FFFD (a character that was cut)")
            }
            NoticeKind::NotANumber => write!(formatter, ": NaN or an infinity was read as nothing"),
            NoticeKind::FastText => {
                return write!(
                    formatter,
                    " is read as fastText has it: `__label__`, the label, and the text"
                );
            }
            NoticeKind::PassedOver => return write!(formatter, " is none of the splits and is passed over"),
            NoticeKind::OneShard => {
                return write!(formatter, " is one shard of several, and only its rows are read");
            }
            NoticeKind::SimilarColumn { found, wanted } => {
                return write!(formatter, " has no column `{wanted}`, and its column `{found}` is not read");
            }
            NoticeKind::Unlabelled { mark } => {
                return write!(formatter, ": {count} {rows} with the label `{mark}` count as unlabelled");
            }
        }?;
        match count - 1 {
            0 => Ok(()),
            1 => write!(formatter, " (and 1 row more)"),
            more => write!(formatter, " (and {more} rows more)"),
        }
    }
}

/// Notices of the files of one data set, gathered while they are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoticeLog(Arc<Mutex<Vec<Notice>>>);

impl NoticeLog {
    /// Adds a notice, or counts one more of a kind and file that is there.
    pub(crate) fn add(&self, file: &Path, kind: NoticeKind, location: Option<Location>) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match notices.iter_mut().find(|notice| notice.kind == kind && notice.file == file) {
            Some(notice) => notice.count += 1,
            None => notices.push(Notice { file: file.to_owned(), kind, location, count: 1 }),
        }
    }

    /// All notices so far.
    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

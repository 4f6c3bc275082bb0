//! What was read otherwise than it stands in a file: no error, but nothing to pass over in silence.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Location, quoted};

/// What a notice is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// A quoted field spans lines and holds separators: a quote may be missing.
    QuotedLines,
    /// A quoted field goes on behind its closing mark.
    StrayQuote,
    /// Quotation marks inside of quoted fields stand behind a backslash, as Spark writes them.
    BackslashQuotes,
    /// A row without any value.
    EmptyRow,
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
    /// No column has the name of the labels, and there are columns that are not read.
    NoLabelColumn {
        /// The column that would be read.
        wanted: String,
        /// The columns that are not.
        unread: Vec<String>,
    },
    /// Two classes that differ in their case alone.
    SameButForCase {
        /// One name.
        first: String,
        /// The other.
        second: String,
    },
    /// Hardly a row for each class: the column may be another one than the labels.
    ManyClasses {
        /// Different labels.
        classes: usize,
        /// Rows with a label.
        rows: usize,
    },
    /// Rows with an empty field, or nothing, for a label, beside others that have one.
    EmptyLabels,
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
            NoticeKind::StrayQuote => {
                write!(
                    formatter,
                    ": a field goes on behind its closing quotation mark; inside of one, marks are doubled"
                )
            }
            NoticeKind::BackslashQuotes => {
                let from = if location.is_some() { " from there on" } else { "" };
                return write!(
                    formatter,
                    ": `\\\"` is read as a quotation mark inside of a quoted field{from}"
                );
            }
            NoticeKind::EmptyRow => write!(formatter, ": a row without any value is read as an empty one"),
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
            NoticeKind::NoLabelColumn { wanted, unread } => {
                return write!(
                    formatter,
                    " has no column `{wanted}`; it has {} beside what is read",
                    quoted(unread)
                );
            }
            NoticeKind::SameButForCase { first, second } => {
                return write!(
                    formatter,
                    ": labels `{first}` and `{second}` differ in their case, and are two classes"
                );
            }
            NoticeKind::ManyClasses { classes, rows } => {
                return write!(
                    formatter,
                    ": {classes} different labels in {rows} labelled rows; is the label column the right one?"
                );
            }
            NoticeKind::EmptyLabels => {
                let counts = if *count == 1 { "counts" } else { "count" };
                return write!(formatter, ": {count} {rows} without a label {counts} as unlabelled");
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

//! What can be wrong with a data set.

use std::fmt;
use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use crate::arrays::ArrayError;
use crate::bounded_json::json_reason;
use crate::cells::ValueError;
use crate::storage::kind_of_read;
use crate::table::TableError;

/// Where in a file something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// A row, counted from 0.
    Row(u64),
    /// A line of text, counted from 1.
    Line(u64),
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(formatter, "row {row}"),
            Self::Line(line) => write!(formatter, "line {line}"),
        }
    }
}

/// Why a data set cannot be used. Every variant names the file; rows count from 0, lines and columns of text from 1.
#[derive(Debug, Error)]
pub enum DataError {
    /// The file could not be opened, or reading stopped half-way.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The name of the file does not say what it holds.
    #[error("`{}` ends in none of {}", file.display(), endings(known))]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// The endings that are understood.
        known: Vec<&'static str>,
    },
    /// Parquet is read from its end, so it cannot come from a pipe.
    #[error("`{}` is a stream, and Parquet needs a file: save it first", file.display())]
    ParquetStream {
        /// The stream's name.
        file: PathBuf,
    },
    /// Nothing of a file of unlabelled rows can be used.
    #[error(
        "of the {rows} unlabelled rows of `{}` {near_duplicates} are nearly the same as held-out rows and {empty} are empty: none is left",
        file.display()
    )]
    NothingLeft {
        /// The file.
        file: PathBuf,
        /// Its rows.
        rows: usize,
        /// Rows that are nearly the same as those a student is judged on.
        near_duplicates: usize,
        /// Rows without a text.
        empty: usize,
    },
    /// There are no rows.
    #[error("`{}` has no rows", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The columns do not make a table.
    #[error("`{}`", file.display())]
    Table {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: TableError,
    },
    /// A column that is needed is not there.
    #[error("`{}` has no column `{column}`; it has {}", file.display(), quoted(present))]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// The column that was looked for.
        column: String,
        /// The columns that are there.
        present: Vec<String>,
    },
    /// Neither a text nor any other column is to be read.
    #[error("no column of `{}` is read; it has {}", file.display(), quoted(present))]
    NoColumns {
        /// The file.
        file: PathBuf,
        /// The columns that are there.
        present: Vec<String>,
    },
    /// A column cannot hold what a row has for it.
    #[error("`{}`, {location}: column `{column}` {problem}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The first such row.
        location: Location,
        /// The column.
        column: String,
        /// What is wrong with its value.
        problem: ValueError,
    },
    /// An array beside the file cannot be read as vectors.
    #[error("`{}`: column `{column}` cannot be read", file.display())]
    Array {
        /// The data file.
        file: PathBuf,
        /// The column.
        column: String,
        /// What is wrong.
        source: Box<ArrayError>,
    },
    /// An array beside the file has another number of rows.
    #[error("`{}` has {} rows, but array `{column}` beside it has {found}", file.display(), at_least(*rows, *more))]
    ArrayRows {
        /// The data file.
        file: PathBuf,
        /// Rows of the data file that were read.
        rows: u64,
        /// Whether the data file has more rows than that.
        more: bool,
        /// The column.
        column: String,
        /// Rows of the array.
        found: u64,
    },
    /// A row of a delimited file has too few or too many fields.
    #[error(
        "`{}`, line {line}: {fields} fields, but the header has {header}; is a quote or a separator missing?",
        file.display()
    )]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The line on which the row begins.
        line: u64,
        /// Fields of the row.
        fields: u64,
        /// Fields of the header.
        header: u64,
    },
    /// A text is not valid UTF-8.
    #[error("`{}`, {location}: not valid UTF-8 after {valid} bytes; convert the file to UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The row.
        location: Location,
        /// Bytes of the text that are valid.
        valid: usize,
    },
    /// A line is not a JSON object.
    #[error("`{}`, line {line}, column {}: not a JSON object: {}", file.display(), problem.column(), json_reason(problem))]
    Json {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// What the parser says, with the column in that line.
        problem: serde_json::Error,
    },
    /// The file is not Parquet, or is damaged.
    #[error("`{}` cannot be read as Parquet: is it whole?", file.display())]
    Parquet {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        source: ::parquet::errors::ParquetError,
    },
    /// The Parquet decoder gave up on a damaged file without an error of its own.
    #[error("`{}` is damaged: its Parquet pages cannot be decoded", file.display())]
    ParquetDamaged {
        /// The file.
        file: PathBuf,
    },
    /// A column holds another number of rows than the file claims.
    #[error("`{}`: row group {group} claims {claimed} rows, but column `{column}` holds {found}", file.display())]
    RowCount {
        /// The file.
        file: PathBuf,
        /// Location of the row group.
        group: usize,
        /// The column.
        column: String,
        /// Rows by the file's metadata.
        claimed: u64,
        /// Rows in the column's pages.
        found: u64,
    },
    /// The texts grow out of all proportion to the file: damage, or an attack.
    #[error(
        "`{}`: {file_bytes} bytes unpack to more than {limit} bytes of text at row {row}; split the file if that is real",
        file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Row at which reading stopped.
        row: u64,
        /// Size of the file.
        file_bytes: u64,
        /// The most that a file of this size may unpack to.
        limit: u64,
    },
    /// A negative number other than -1.
    #[error(
        "`{}`, row {row}: label {label} is negative; -1 or an empty field means no label",
        file.display()
    )]
    LabelNumber {
        /// The file.
        file: PathBuf,
        /// The row.
        row: u64,
        /// The label.
        label: String,
    },
    /// The column of label names contradicts the column of labels.
    #[error(
        "`{}`, row {row}: label {label} is called `{second}` here and `{first}` in an earlier row",
        file.display()
    )]
    LabelNamed {
        /// The file.
        file: PathBuf,
        /// The first row that contradicts an earlier one.
        row: u64,
        /// The label.
        label: String,
        /// Its name in an earlier row.
        first: String,
        /// Its name in this row.
        second: String,
    },
    /// A label is not among the classes.
    #[error("`{}`, row {row}: label `{label}` is none of the {} classes {}", file.display(), known.len(), quoted(known))]
    UnknownLabel {
        /// The file.
        file: PathBuf,
        /// The first such row.
        row: u64,
        /// The label.
        label: String,
        /// The classes.
        known: Vec<String>,
    },
    /// Too many classes for a classifier with few of them.
    #[error(
        "`{}`: {classes} different labels in {rows} rows, more than {limit}; is the label column the right one?",
        file.display()
    )]
    TooManyClasses {
        /// The file.
        file: PathBuf,
        /// Different labels.
        classes: usize,
        /// Rows of the data set.
        rows: u64,
        /// The most classes.
        limit: usize,
    },
    /// There is nothing to tell apart.
    #[error("`{}`: all {rows} labelled rows have the label `{label}`; at least 2 classes are needed", file.display())]
    OneClass {
        /// The file.
        file: PathBuf,
        /// Rows with a label.
        rows: u64,
        /// The only label.
        label: String,
    },
    /// A folder without a training file.
    #[error(
        "`{}` holds no train file: expected a file called train and ending in one of {}",
        folder.display(),
        endings(known)
    )]
    NoTrain {
        /// The folder.
        folder: PathBuf,
        /// The endings that are understood.
        known: Vec<&'static str>,
    },
    /// Two files of a folder could be the same split.
    #[error("`{}` and `{}` could both be the {split} split; keep one", first.display(), second.display())]
    TwoFiles {
        /// The split.
        split: &'static str,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// All rows have the same text (or, without texts, the same values), so none can be held out.
    #[error("`{}`: its {rows} rows are all alike, so none can be held out; give a validation file", file.display())]
    HoldOut {
        /// The file.
        file: PathBuf,
        /// Rows of the data set.
        rows: u64,
    },
}

impl Classified for DataError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } => kind_of_read(source),
            Self::Array { source, .. } => source.kind(),
            Self::Table { source, .. } => source.kind(),
            _ => ErrorKind::Input,
        }
    }
}

fn endings(known: &[&str]) -> String {
    known.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}

fn at_least(rows: u64, more: bool) -> String {
    if more { format!("more than {rows}") } else { rows.to_string() }
}

/// Names for a message: the first few, and how many more.
fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if names.is_empty() { "none".to_owned() } else { shown.join(", ") + &rest }
}

//! What can be wrong with a data set.

use std::fmt;
use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use crate::arrays::ArrayError;
use crate::bounded_json::{BoundedJsonError, json_reason};
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
    /// The file is of another sort than its name says, or than can be read.
    #[error("`{}` is {what}", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// What it is, and what to do.
        what: &'static str,
    },
    /// A folder was given where there has to be a file, and its files are splits.
    #[error("`{}` is a folder of splits; name one of them: {}", folder.display(), quoted(files))]
    FolderOfSplits {
        /// The folder.
        folder: PathBuf,
        /// Its files.
        files: Vec<String>,
    },
    /// A folder of parts without parts.
    #[error("`{}` is a folder without a data file; it has {}", folder.display(), quoted(present))]
    NoParts {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        present: Vec<String>,
    },
    /// A folder whose parts are folders of one value of a column each.
    #[error("`{}` is partitioned by a column that its files lack (`{part}`); write it without", folder.display())]
    Partitioned {
        /// The folder.
        folder: PathBuf,
        /// A folder in it.
        part: String,
    },
    /// A list of the files of a data set cannot be read.
    #[error(transparent)]
    State {
        /// What is wrong with it.
        source: Box<BoundedJsonError>,
    },
    /// A file that a data set lists as its own is not there.
    #[error("`{}` lacks `{part}`, which its `{list}` lists", folder.display())]
    MissingPart {
        /// The folder.
        folder: PathBuf,
        /// The file with the list.
        list: &'static str,
        /// The file that is missing, or no file of the folder.
        part: String,
    },
    /// A file that a data set lists twice, whose rows would count twice.
    #[error("`{}` lists `{part}` twice in its `{list}`", folder.display())]
    ListedTwice {
        /// The folder.
        folder: PathBuf,
        /// The file with the list.
        list: &'static str,
        /// The file that is listed twice.
        part: String,
    },
    /// The parts of a data set differ in their format.
    #[error("`{}` and `{}` are parts of one data set, but of two formats; keep one", first.display(), second.display())]
    TwoFormats {
        /// One part.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The parts of a data set differ in their columns.
    #[error("`{}` and `{}` are parts of one data set, but differ in the columns that are read", first.display(), second.display())]
    PartColumns {
        /// The first part.
        first: PathBuf,
        /// The first that differs from it.
        second: PathBuf,
    },
    /// Shards are missing.
    #[error("`{}`: shard {missing} of {shards} of {split} is missing", folder.display())]
    MissingShard {
        /// The folder.
        folder: PathBuf,
        /// The split.
        split: String,
        /// The first that is missing, from 0.
        missing: u64,
        /// Shards by the files' names.
        shards: u64,
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
    /// A column that is read is there twice.
    #[error("`{}` has two columns `{column}`, in places {first} and {second}; rename one", file.display())]
    TwoColumns {
        /// The file.
        file: PathBuf,
        /// Their name.
        column: String,
        /// Place of the first, from 1.
        first: usize,
        /// Place of the second.
        second: usize,
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
        "`{}`, {}: {fields} fields, but the header has {header}; is a quote or a separator missing?",
        file.display(),
        line_range(*line, *last)
    )]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The line on which the row begins.
        line: u64,
        /// The line on which it ends.
        last: u64,
        /// Fields of the row.
        fields: u64,
        /// Fields of the header.
        header: u64,
    },
    /// The fields of a delimited file are separated by a character that is none of those that are looked for.
    #[error(
        "`{}`: the fields of its header `{header}` are separated by `{separator}`; write it with commas, semicolons, tabs or bars",
        file.display()
    )]
    Separator {
        /// The file.
        file: PathBuf,
        /// The header.
        header: String,
        /// The character.
        separator: char,
    },
    /// A quoted field goes on to the end of the file.
    #[error("`{}`, line {line}: a quote is opened and never closed, up to line {last}, the last", file.display())]
    UnclosedQuote {
        /// The file.
        file: PathBuf,
        /// The line on which the row begins.
        line: u64,
        /// The last line.
        last: u64,
    },
    /// A line, a row or a value is longer than any text.
    #[error("`{}`, line {line}: more than {limit} bytes in one row; is it a data file?", file.display())]
    LongLine {
        /// The file.
        file: PathBuf,
        /// The line on which it begins.
        line: u64,
        /// The most bytes.
        limit: usize,
    },
    /// A line with two labels, where each row has one class.
    #[error("`{}`, line {line}: two labels, `{first}` and `{second}`; a row has one class", file.display())]
    TwoLabels {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// One label.
        first: String,
        /// The other.
        second: String,
    },
    /// Something stands behind a JSON document that holds all rows.
    #[error("`{}`, line {line}: the rows are in the object before this line; what is here?", file.display())]
    BehindDocument {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
    },
    /// A text is not valid UTF-8.
    #[error(
        "`{}`, {location}{}: not valid UTF-8 after {valid} bytes; convert the file to UTF-8",
        file.display(),
        in_column(column.as_deref())
    )]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The row.
        location: Location,
        /// The column, where there are some.
        column: Option<String>,
        /// Bytes of the text that are valid.
        valid: usize,
    },
    /// A JSON file holds its table by columns, or rows without names.
    #[error(
        "`{}` holds a table otherwise than as one object a row; write it so (pandas: `to_json(.., orient=\"records\", lines=True)`)",
        file.display()
    )]
    NotByRow {
        /// The file.
        file: PathBuf,
    },
    /// A JSON file ends inside of the array of its rows.
    #[error("`{}`: its array of rows is not closed up to line {line}, the last; is the file whole?", file.display())]
    UnclosedArray {
        /// The file.
        file: PathBuf,
        /// The last line.
        line: u64,
    },
    /// A line is not a JSON object.
    #[error("`{}`, line {line}, column {}: not a JSON object: {}", file.display(), problem.column().max(1), json_reason(problem))]
    Json {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// What the parser says, with the column in that line.
        problem: serde_json::Error,
    },
    /// Parquet with a codec or an encryption that is not read.
    #[error("`{}` cannot be read: {found}; write it with Snappy, Zstandard or without compression", file.display())]
    ParquetCodec {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        found: String,
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
    /// The file is not Arrow's, or is damaged.
    #[error("`{}` cannot be read as an Arrow file or stream: is it whole?", file.display())]
    Arrow {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        source: arrow_schema::ArrowError,
    },
    /// What an Arrow file says of itself cannot be.
    #[error("`{}` is damaged, or no Arrow file: {what}", file.display())]
    ArrowDamaged {
        /// The file.
        file: PathBuf,
        /// What cannot be.
        what: String,
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
    /// A negative number, where -1 means no label.
    #[error(
        "`{}`, row {row}: label {label} is negative, while -1 or an empty field means no label",
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
    /// Names of classes that cannot be told apart, or are none.
    #[error("classes {}: {problem}", quoted(names))]
    ClassNames {
        /// The names.
        names: Vec<String>,
        /// What is wrong.
        problem: ClassNamesError,
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
    #[error(
        "`{}`: all {rows} labelled rows have the label `{label}`; at least 2 classes are needed{}",
        file.display(),
        beside(unlabelled)
    )]
    OneClass {
        /// The file.
        file: PathBuf,
        /// Rows with a label.
        rows: u64,
        /// The only label.
        label: String,
        /// Other labels of the file, which count as none.
        unlabelled: Vec<String>,
    },
    /// A folder without a training file.
    #[error(
        "`{}` holds no train file: expected a file called train and ending in one of {}; it has {}",
        folder.display(),
        endings(known),
        quoted(present)
    )]
    NoTrain {
        /// The folder.
        folder: PathBuf,
        /// The endings that are understood.
        known: Vec<&'static str>,
        /// What is in the folder.
        present: Vec<String>,
        /// Folders in it that do hold one, and its data files: what may be meant.
        meant: Vec<PathBuf>,
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
    /// There are not enough labelled rows to hold some of each class out.
    #[error(
        "`{}`: of its {rows} labelled rows none can be held out: at least 2 classes need 3 different rows each",
        file.display()
    )]
    TooFewLabels {
        /// The file.
        file: PathBuf,
        /// Rows with a label.
        rows: u64,
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

/// What is wrong with names of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClassNamesError {
    /// One of them is empty.
    #[error("one name is empty")]
    Empty,
    /// Two are the same, blanks around them and Unicode forms apart.
    #[error("a name comes twice (in places {first} and {second})")]
    Twice {
        /// Place of the first, from 1.
        first: usize,
        /// Place of the second.
        second: usize,
    },
    /// There are as many names as there should not be.
    #[error("{found} names, but there are {classes} classes")]
    Count {
        /// Names.
        found: usize,
        /// Classes.
        classes: usize,
    },
}

impl DataError {
    /// The same error of one column.
    pub(crate) fn in_column(self, name: &str) -> Self {
        match self {
            Self::NotUtf8 { file, location, valid, .. } => {
                Self::NotUtf8 { file, location, column: Some(name.to_owned()), valid }
            }
            other => other,
        }
    }

    /// Whether the error is of one row of a text file, so that the rows behind it can still be read.
    #[must_use]
    pub fn is_of_row(&self) -> bool {
        match self {
            Self::Value { location, .. } | Self::NotUtf8 { location, .. } => {
                matches!(location, Location::Line(_))
            }
            Self::Ragged { .. } | Self::Json { .. } | Self::TwoLabels { .. } => true,
            _ => false,
        }
    }
}

impl Classified for DataError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } => kind_of_read(source),
            Self::Array { source, .. } => source.kind(),
            Self::Table { source, .. } => source.kind(),
            Self::State { source } => source.kind(),
            _ => ErrorKind::Input,
        }
    }
}

fn endings(known: &[&str]) -> String {
    known.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}

fn line_range(first: u64, last: u64) -> String {
    if last > first { format!("lines {first} to {last}") } else { format!("line {first}") }
}

fn beside(unlabelled: &[String]) -> String {
    if unlabelled.is_empty() {
        return String::new();
    }
    format!(", and {} means no label", quoted(unlabelled))
}

fn in_column(name: Option<&str>) -> String {
    name.map(|name| format!(": column `{name}`")).unwrap_or_default()
}

fn at_least(rows: u64, more: bool) -> String {
    if more { format!("more than {rows}") } else { rows.to_string() }
}

/// Names for a message: the first few, and how many more.
pub(crate) fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if names.is_empty() { "none".to_owned() } else { shown.join(", ") + &rest }
}

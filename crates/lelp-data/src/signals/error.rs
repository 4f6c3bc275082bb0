//! What can be wrong with a signals folder.

use std::path::PathBuf;

use crate::storage::{FileError, LockError};
use lelp::{Classified, ErrorKind, SignalsError};
use safetensors::SafeTensorError;
use thiserror::Error;

/// A row that has one label in the signals and another in the data set.
#[derive(Debug, Error)]
#[error(
    "row {row} has label `{found}` in `{}` but `{wanted}` in `{}`, as have {others} others; are the rows in the same order? \
     mend the labels of one, or leave them out of the signals",
    folder.display(), data.display()
)]
pub struct OtherLabel {
    /// The folder.
    pub folder: PathBuf,
    /// The first row that differs.
    pub row: u64,
    /// Its label in the signals.
    pub found: String,
    /// The data set.
    pub data: PathBuf,
    /// Its label there.
    pub wanted: String,
    /// How many others differ.
    pub others: usize,
}

/// Why signals cannot be read or written. Rows count from 0.
#[derive(Debug, Error)]
pub enum SignalsFileError {
    /// The system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another run writes to the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The folder has no `signals.json`.
    #[error("`{}` holds no signals.json: is it a signals folder?", folder.display())]
    NoDescription {
        /// The folder.
        folder: PathBuf,
    },
    /// Parts without the description that says what they are.
    #[error("`{}` holds parts but no signals.json", folder.display())]
    PartsWithoutDescription {
        /// The folder.
        folder: PathBuf,
    },
    /// `signals.json` cannot be understood.
    #[error("`{}` is not a description of signals", file.display())]
    Description {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The folder was written by a newer version.
    #[error("`{}` has format {found}, but this version reads format {known}; update lelp", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is understood.
        known: u32,
    },
    /// A number of `signals.json` is out of range.
    #[error("`{}`: {field} is {found}, but must be at least {least}", file.display())]
    TooSmall {
        /// The file.
        file: PathBuf,
        /// The field.
        field: &'static str,
        /// Its value.
        found: u64,
        /// The smallest value allowed.
        least: u64,
    },
    /// There are not as many names as classes.
    #[error("`{}`: {names} label names for {classes} classes", file.display())]
    LabelNames {
        /// The file.
        file: PathBuf,
        /// Names.
        names: usize,
        /// Classes.
        classes: usize,
    },
    /// The folder holds signals of other settings, another teacher or another data set.
    #[error(
        "`{}` holds signals with {field} {found}, but {wanted} is asked for",
        folder.display()
    )]
    OtherSettings {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        field: &'static str,
        /// What the folder has.
        found: String,
        /// What is asked for.
        wanted: String,
    },
    /// The signals belong to other texts.
    #[error(
        "`{}` holds signals of another data set ({rows} rows, hash {found}) than `{}` ({data_rows} rows, hash {wanted})",
        folder.display(), data.display()
    )]
    OtherData {
        /// The folder.
        folder: PathBuf,
        /// Rows of the signals.
        rows: u64,
        /// Hash of the texts that the signals were made of, or `unknown`.
        found: String,
        /// The data set.
        data: PathBuf,
        /// Rows of the data set.
        data_rows: u64,
        /// Hash of its texts.
        wanted: String,
    },
    /// A row has one label in the signals and another in the data set.
    #[error(transparent)]
    OtherLabel(#[from] Box<OtherLabel>),
    /// The classes that are asked for are not those of the signals.
    #[error(
        "`{}` has the classes {}, but {} are asked for; name them in the order of the signals",
        folder.display(), found.join(", "), wanted.join(", ")
    )]
    OtherClasses {
        /// The folder.
        folder: PathBuf,
        /// Its classes.
        found: Vec<String>,
        /// Those that are asked for.
        wanted: Vec<String>,
    },
    /// Signals that do not go together, since they were made of different texts.
    #[error(
        "`{}` ({found}) and `{}` ({wanted}) were made of different data sets: write both for the same training file",
        folder.display(), other.display()
    )]
    DifferentTexts {
        /// The folder whose embeddings are wanted.
        folder: PathBuf,
        /// Its rows and the hash of its texts.
        found: String,
        /// The folder whose logits are wanted.
        other: PathBuf,
        /// Its rows and the hash of its texts.
        wanted: String,
    },
    /// Not all parts are written yet.
    #[error("`{}` is not complete: {written} of {rows} rows are written; write it again with the same settings to go on", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// Rows of the parts before the first that is missing.
        written: u64,
        /// Rows in all.
        rows: u64,
    },
    /// A part that is needed is not there.
    #[error("`{}` is missing; it should hold rows {first_row} to {last_row} of {rows}", file.display())]
    MissingPart {
        /// The file that should be there.
        file: PathBuf,
        /// Its first row.
        first_row: u64,
        /// Its last row.
        last_row: u64,
        /// Rows in all.
        rows: u64,
    },
    /// A part behind the last row.
    #[error("`{}` is one part more than the {rows} rows of signals.json fill", file.display())]
    ExtraPart {
        /// The file.
        file: PathBuf,
        /// Rows in all.
        rows: u64,
    },
    /// A file is not safetensors, or is cut off.
    #[error("`{}` ({bytes} bytes) is not a whole safetensors file", file.display())]
    Safetensors {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
        /// What the parser says.
        source: SafeTensorError,
    },
    /// A tensor is missing.
    #[error("`{}` has no tensor `{tensor}`", file.display())]
    MissingTensor {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: &'static str,
    },
    /// A tensor has another element type.
    #[error("`{}`: tensor `{tensor}` is {found}, but must be {wanted}", file.display())]
    TensorType {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: &'static str,
        /// Its type.
        found: String,
        /// The type needed.
        wanted: String,
    },
    /// A tensor has another shape.
    #[error("`{}`: tensor `{tensor}` has shape {found:?}, but must have {wanted:?}", file.display())]
    TensorShape {
        /// The file.
        file: PathBuf,
        /// The tensor.
        tensor: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape needed.
        wanted: Vec<usize>,
    },
    /// Rows of a part are not those that belong there.
    #[error("`{}`: entry {place} of `row` is {found}, but must be {wanted}", file.display())]
    RowNumber {
        /// The file.
        file: PathBuf,
        /// Place in the part.
        place: usize,
        /// The number there.
        found: u64,
        /// The number that belongs there.
        wanted: u64,
    },
    /// Values are not signals.
    #[error("`{}`", file.display())]
    Values {
        /// The file.
        file: PathBuf,
        /// What is wrong with them, and in which row.
        source: SignalsError,
    },
    /// The block that was handed over is not the one that comes next.
    #[error("`{}`: {what} of the block is {found}, but {wanted} is next", file.display())]
    WrongBlock {
        /// The part to be written.
        file: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the block has.
        found: u64,
        /// What the part needs.
        wanted: u64,
    },
    /// An embedding is too large for half precision.
    #[error("`{}`: embedding row {row}, column {column} is {value}, beyond half precision (65504); use f32", file.display())]
    HalfOverflow {
        /// The part to be written.
        file: PathBuf,
        /// The row.
        row: u64,
        /// The column.
        column: usize,
        /// The value.
        value: f32,
    },
}

impl Classified for SignalsFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Lock(error) => error.kind(),
            // Whoever writes signals is this program.
            Self::WrongBlock { .. } => ErrorKind::Defect,
            _ => ErrorKind::Input,
        }
    }
}

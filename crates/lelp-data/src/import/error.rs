//! What can be wrong with signals made elsewhere.

use std::path::PathBuf;

use lelp::{Classified, ErrorKind, SignalsError};
use safetensors::SafeTensorError;
use thiserror::Error;

use crate::arrays::ArrayError;
use crate::error::DataError;
use crate::signals::SignalsFileError;
use crate::storage::FileError;

/// Why arrays cannot be imported. Rows count from 0.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// An array cannot be read.
    #[error(transparent)]
    Array(#[from] ArrayError),
    /// The signals folder cannot be written.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// The names of the classes cannot be used.
    #[error(transparent)]
    Names(Box<DataError>),
    /// The name of a file does not say what it holds.
    #[error("`{}` is neither a folder of .npy files nor ends in .npz, .npy or .safetensors", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// An array that is needed is nowhere.
    #[error("no array `{array}` in {}, which {}; save it under that name", list(files), names(found))]
    MissingArray {
        /// The array.
        array: &'static str,
        /// Where it was looked for.
        files: Vec<PathBuf>,
        /// The arrays that are there.
        found: Vec<String>,
    },
    /// Two files hold the same array.
    #[error("array `{array}` is in `{}` and in `{}`; give one of them", first.display(), second.display())]
    TwoArrays {
        /// The array.
        array: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Not a whole safetensors file.
    #[error("`{}` is not a whole safetensors file", file.display())]
    Safetensors {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: SafeTensorError,
    },
    /// Two arrays disagree in a count.
    #[error("`{}`: array `{array}` has {found} {what}, but `{other}` has {wanted}", file.display())]
    Counts {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Rows, or columns.
        what: &'static str,
        /// Its count.
        found: usize,
        /// The array it should agree with.
        other: String,
        /// The count there.
        wanted: usize,
    },
    /// Half of a head.
    #[error("`{}`: there is a `{present}` but no `{missing}`; give both, or neither", file.display())]
    HalfHead {
        /// The file.
        file: PathBuf,
        /// What is there.
        present: String,
        /// What is not.
        missing: &'static str,
    },
    /// A label that is no class.
    #[error("`{}`: label of row {row} is {label}, but must be in 0..{classes}, or -1 for none", file.display())]
    Label {
        /// The file.
        file: PathBuf,
        /// The row.
        row: usize,
        /// The label.
        label: i64,
        /// Classes of the logits.
        classes: usize,
    },
    /// Values that no teacher gives.
    #[error("`{}`", file.display())]
    Values {
        /// The file.
        file: PathBuf,
        /// What is wrong, and in which row.
        source: SignalsError,
    },
}

impl Classified for ImportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Array(error) => error.kind(),
            Self::Names(error) => error.kind(),
            Self::Signals(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", ")
}

fn names(found: &[String]) -> String {
    if found.is_empty() { "holds none".to_owned() } else { format!("holds {}", found.join(", ")) }
}

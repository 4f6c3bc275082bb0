//! What can be wrong with signals made elsewhere.

use std::path::PathBuf;

use crate::storage::FileError;
use lelp::SignalsError;
use safetensors::SafeTensorError;
use thiserror::Error;

use crate::signals::SignalsFileError;

/// Why arrays cannot be imported. Rows count from 0.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The signals folder cannot be written.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// The name of a file does not say what it holds.
    #[error("`{}` is neither a folder of .npy files nor ends in .npz, .npy or .safetensors", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// An array that is needed is nowhere.
    #[error("no array `{array}` among {}; found {}", list(files), names(found))]
    MissingArray {
        /// The array.
        array: &'static str,
        /// Where it was looked for.
        files: Vec<PathBuf>,
        /// Arrays of the known names that were found.
        found: Vec<&'static str>,
    },
    /// Two files hold the same array.
    #[error("array `{array}` is in `{}` and in `{}`; give one of them", first.display(), second.display())]
    TwoArrays {
        /// The array.
        array: &'static str,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Not a file of an array of `NumPy`.
    #[error("`{}`: `{member}` is not a NumPy array file", file.display())]
    NotNpy {
        /// The file.
        file: PathBuf,
        /// The file, or the member of an archive.
        member: String,
    },
    /// A column-major array.
    #[error("`{}`: array `{array}` is in Fortran order; save `numpy.ascontiguousarray` of it", file.display())]
    FortranOrder {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
    },
    /// An element type that is not understood.
    #[error("`{}`: array `{array}` holds {found}, but {wanted} is needed", file.display())]
    Element {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Its type.
        found: String,
        /// The types allowed.
        wanted: &'static str,
    },
    /// A file or member is shorter than its header claims, or its header claims the impossible.
    #[error("`{}`: array `{array}` of shape {shape:?} needs {wanted} bytes, but {found} are there", file.display())]
    Size {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Bytes that are there.
        found: u64,
        /// Bytes that the shape asks for.
        wanted: u128,
    },
    /// The archive is damaged.
    #[error("`{}` cannot be read as an .npz archive", file.display())]
    Archive {
        /// The file.
        file: PathBuf,
        /// What the reader says.
        source: zip::result::ZipError,
    },
    /// A member of an archive cannot be unpacked.
    #[error("`{}`: `{member}` cannot be unpacked", file.display())]
    Unpack {
        /// The file.
        file: PathBuf,
        /// The member.
        member: String,
        /// What the reader says.
        source: std::io::Error,
    },
    /// A member of an archive claims to grow out of all proportion: damage, or an attack.
    #[error(
        "`{}`: `{member}` claims to unpack from {packed} to {unpacked} bytes, more than {limit}; save it with `numpy.savez`",
        file.display()
    )]
    Bomb {
        /// The file.
        file: PathBuf,
        /// The member.
        member: String,
        /// Bytes in the archive.
        packed: u64,
        /// Bytes claimed.
        unpacked: u64,
        /// The most allowed for its size.
        limit: u64,
    },
    /// Not a whole safetensors file.
    #[error("`{}` is not a whole safetensors file", file.display())]
    Safetensors {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: SafeTensorError,
    },
    /// An array has the wrong number of dimensions or columns.
    #[error("`{}`: array `{array}` has shape {found:?}, but must have {wanted}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The array.
        array: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape needed.
        wanted: &'static str,
    },
    /// Two arrays disagree in a count.
    #[error("`{}`: array `{array}` has {found} {what}, but `{other}` has {wanted}", file.display())]
    Counts {
        /// The file.
        file: PathBuf,
        /// The array.
        array: &'static str,
        /// Rows, or columns.
        what: &'static str,
        /// Its count.
        found: usize,
        /// The array it should agree with.
        other: &'static str,
        /// The count there.
        wanted: usize,
    },
    /// Half of a head.
    #[error("`{}`: there is a `{present}` but no `{missing}`; give both, or neither", file.display())]
    HalfHead {
        /// The file.
        file: PathBuf,
        /// What is there.
        present: &'static str,
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

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", ")
}

fn names(found: &[&str]) -> String {
    if found.is_empty() { "none of the known names".to_owned() } else { found.join(", ") }
}

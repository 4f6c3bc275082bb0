//! What can be wrong with an array in a file.

use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use crate::storage::FileError;

/// Why an array cannot be read; every variant names the file.
#[derive(Debug, Error)]
pub enum ArrayError {
    /// The system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no array of this name in an archive.
    #[error("`{}` has no array `{array}`; it has {}", file.display(), listed(present))]
    Missing {
        /// The archive.
        file: PathBuf,
        /// The array.
        array: String,
        /// Arrays that are there.
        present: Vec<String>,
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
    #[error("`{}`: array `{array}` of shape {shape:?} needs {} bytes, but {found} are there", file.display(), bytes(shape, *element))]
    Size {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Bytes of each element.
        element: usize,
        /// Bytes that are there.
        found: u64,
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
    /// A member of an archive is not what was put into it.
    #[error("`{}`: `{member}` is damaged: its checksum is another than the archive says; save it again", file.display())]
    Checksum {
        /// The file.
        file: PathBuf,
        /// The member.
        member: String,
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
    /// An array has the wrong number of dimensions or columns.
    #[error("`{}`: array `{array}` has shape {found:?}, but must have {wanted}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape needed.
        wanted: &'static str,
    },
}

impl Classified for ArrayError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

fn bytes(shape: &[usize], element: usize) -> u128 {
    shape.iter().fold(element as u128, |size, &count| size.saturating_mul(count as u128))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

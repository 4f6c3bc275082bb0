//! Why a file is not the artifact that was asked for.

use safetensors::tensor::{Dtype, SafeTensorError};
use thiserror::Error;

use crate::error::ShapeError;
use crate::{Classified, ErrorKind};

/// Why bytes are not the artifact that was asked for.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// The bytes are no safetensors file, or a broken one.
    #[error("not a whole safetensors file; was it written to its end?")]
    Safetensors(#[source] SafeTensorError),
    /// The file has no metadata of this library.
    #[error("no `lelp` metadata among the {tensors} tensors; is this a file of subclasses or targets?")]
    NotOurs {
        /// Tensors in the file.
        tensors: usize,
    },
    /// The metadata cannot be parsed.
    #[error("the `lelp` metadata does not read as that of {kind}")]
    Metadata {
        /// The artifact asked for.
        kind: &'static str,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// The file was written by a version with another layout.
    #[error(
        "format {found}, but this program reads format {expected}; make the file again or take the version that made it"
    )]
    Format {
        /// Format of the file.
        found: u32,
        /// Format read here.
        expected: u32,
    },
    /// The file holds another kind of artifact.
    #[error("holds {found}, but {expected} were asked for")]
    Kind {
        /// What the file holds.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A tensor is missing.
    #[error("tensor `{name}` is missing")]
    MissingTensor {
        /// Its name.
        name: &'static str,
    },
    /// A tensor has another type or shape.
    #[error(
        "tensor `{name}` is {found_type} {found:?}, but the metadata asks for {expected_type} {expected:?}"
    )]
    Tensor {
        /// Its name.
        name: &'static str,
        /// Its type.
        found_type: Dtype,
        /// Its shape.
        found: Vec<usize>,
        /// The type it should have.
        expected_type: Dtype,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor holds a value that no fit or target can have.
    #[error("tensor `{name}` has {value} at place {place}, which no {kind} can have")]
    Value {
        /// Name of the tensor.
        name: &'static str,
        /// Place in the tensor, row after row.
        place: usize,
        /// The value.
        value: f64,
        /// The artifact.
        kind: &'static str,
    },
    /// Counts in the metadata do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The tensors changed since they were written.
    #[error("tensors have SHA-256 {found}, but the metadata says {expected}; copy the file again")]
    Checksum {
        /// Of the bytes.
        found: String,
        /// Of the metadata.
        expected: String,
    },
}

impl Classified for ArtifactError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

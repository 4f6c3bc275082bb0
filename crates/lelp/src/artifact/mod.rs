//! Fits and targets, to and from bytes: safetensors with one metadata entry, `lelp`, that holds JSON.
//!
//! From Python: `json.loads(safe_open(path, "numpy").metadata()["lelp"])`.
//!
//! Bytes are untrusted. Sizes are checked against what is there before anything is allocated, tensors
//! against a SHA-256 of their bytes (in the order of their names), shapes against the metadata.

mod clusters;
mod directions;
mod split;
mod targets;

use std::collections::HashMap;
use std::fmt::Write;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::error::ShapeError;
pub use targets::Targets;

/// Version of the layout; another one is refused.
const FORMAT: u32 = 1;
/// Name of the metadata entry. A single one, since safetensors writes several in no fixed order.
const ENTRY: &str = "lelp";

/// Why bytes are not the artifact that was asked for.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// No safetensors file, or a broken one.
    #[error("not a whole safetensors file; was it written to its end?")]
    Safetensors(#[source] SafeTensorError),
    /// No metadata of ours.
    #[error(
        "no `lelp` metadata among the {tensors} tensors; was this file made by `lelp fit` or `lelp targets`?"
    )]
    NotOurs {
        /// Tensors in the file.
        tensors: usize,
    },
    /// Metadata that does not read.
    #[error("the `lelp` metadata does not read as that of {kind}")]
    Metadata {
        /// The artifact asked for.
        kind: &'static str,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// Made by another version.
    #[error(
        "format {found}, but this program reads format {expected}; make the file again or take the version that made it"
    )]
    Format {
        /// Format of the file.
        found: u32,
        /// Format read here.
        expected: u32,
    },
    /// Another artifact of ours.
    #[error("holds {found}, but {expected} were asked for")]
    Kind {
        /// What the file holds.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A tensor is not there.
    #[error("tensor `{name}` is missing")]
    MissingTensor {
        /// Its name.
        name: &'static str,
    },
    /// A tensor of another kind or shape.
    #[error(
        "tensor `{name}` is {found_type:?} {found:?}, but the metadata asks for {expected_type:?} {expected:?}"
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
    /// A value that no fit or target can have.
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
    /// Counts of the metadata disagree.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The bytes changed since they were written.
    #[error("tensors have SHA-256 {found}, but the metadata says {expected}; copy the file again")]
    Checksum {
        /// Of the bytes.
        found: String,
        /// Of the metadata.
        expected: String,
    },
}

/// What every artifact says of itself, around its own metadata.
#[derive(Serialize, Deserialize)]
struct Envelope<M> {
    format: u32,
    kind: String,
    sha256: String,
    #[serde(flatten)]
    own: M,
}

/// The part that is read before it is known whether the rest can be.
#[derive(Deserialize)]
struct Opening {
    format: u32,
    kind: String,
}

/// A tensor about to be written.
struct Outgoing {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Outgoing {
    fn single(name: &'static str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    fn double(name: &'static str, shape: &[usize], values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F64, shape: shape.to_vec(), bytes }
    }
}

/// The bytes of an artifact; same tensors and metadata, same bytes.
fn write<M: Serialize>(kind: &str, own: M, mut tensors: Vec<Outgoing>) -> Vec<u8> {
    tensors.sort_by_key(|tensor| tensor.name);
    let sha256 = checksum(tensors.iter().map(|tensor| tensor.bytes.as_slice()));
    let envelope = Envelope { format: FORMAT, kind: kind.to_owned(), sha256, own };
    let json = serde_json::to_string(&envelope).expect("metadata has text keys and finite numbers");
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes);
        (tensor.name, view.expect("the shape is that of the values"))
    });
    safetensors::serialize(views, Some(HashMap::from([(ENTRY.to_owned(), json)])))
        .expect("tensors have distinct names and a short header")
}

/// The metadata entry of ours.
fn metadata(bytes: &[u8], tensors: usize) -> Result<String, ArtifactError> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(ArtifactError::Safetensors)?;
    let json = header.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    json.cloned().ok_or(ArtifactError::NotOurs { tensors })
}

/// An artifact whose envelope has been checked, and whose tensors have not.
struct Incoming<'a> {
    kind: &'static str,
    tensors: SafeTensors<'a>,
    json: String,
}

impl<'a> Incoming<'a> {
    fn open(bytes: &'a [u8], kind: &'static str) -> Result<Self, ArtifactError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(ArtifactError::Safetensors)?;
        let json = metadata(bytes, tensors.len())?;
        let incoming = Self { kind, tensors, json };
        let opening: Opening = incoming.parse()?;
        if opening.format != FORMAT {
            return Err(ArtifactError::Format { found: opening.format, expected: FORMAT });
        }
        if opening.kind != kind {
            return Err(ArtifactError::Kind { found: opening.kind, expected: kind });
        }
        Ok(incoming)
    }

    /// The artifact's own metadata, once the checksum over `names` (in order) is that of the envelope.
    fn own<M: DeserializeOwned>(&self, names: &[&'static str]) -> Result<M, ArtifactError> {
        let envelope: Envelope<M> = self.parse()?;
        let views = names.iter().map(|name| self.view(name)).collect::<Result<Vec<_>, _>>()?;
        let found = checksum(views.iter().map(TensorView::data));
        if found != envelope.sha256 {
            return Err(ArtifactError::Checksum { found, expected: envelope.sha256 });
        }
        Ok(envelope.own)
    }

    fn parse<M: DeserializeOwned>(&self) -> Result<M, ArtifactError> {
        serde_json::from_str(&self.json).map_err(|source| ArtifactError::Metadata { kind: self.kind, source })
    }

    fn view(&self, name: &'static str) -> Result<TensorView<'a>, ArtifactError> {
        self.tensors.tensor(name).map_err(|_| ArtifactError::MissingTensor { name })
    }

    fn single(
        &self,
        name: &'static str,
        shape: &[usize],
        valid: impl Fn(f32) -> bool,
    ) -> Result<Vec<f32>, ArtifactError> {
        let (chunks, _) = self.data(name, Dtype::F32, shape)?.as_chunks();
        let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        match values.iter().position(|&value| !valid(value)) {
            Some(place) => Err(self.wrong_value(name, place, values[place].into())),
            None => Ok(values),
        }
    }

    fn double(
        &self,
        name: &'static str,
        shape: &[usize],
        valid: impl Fn(f64) -> bool,
    ) -> Result<Vec<f64>, ArtifactError> {
        let (chunks, _) = self.data(name, Dtype::F64, shape)?.as_chunks();
        let values: Vec<f64> = chunks.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        match values.iter().position(|&value| !valid(value)) {
            Some(place) => Err(self.wrong_value(name, place, values[place])),
            None => Ok(values),
        }
    }

    fn data(
        &self,
        name: &'static str,
        expected_type: Dtype,
        shape: &[usize],
    ) -> Result<&'a [u8], ArtifactError> {
        let view = self.view(name)?;
        if view.dtype() == expected_type && view.shape() == shape {
            return Ok(view.data());
        }
        let (found_type, found, expected) = (view.dtype(), view.shape().to_vec(), shape.to_vec());
        Err(ArtifactError::Tensor { name, found_type, found, expected_type, expected })
    }

    fn wrong_value(&self, name: &'static str, place: usize, value: f64) -> ArtifactError {
        ArtifactError::Value { name, place, value, kind: self.kind }
    }
}

/// SHA-256 of all parts one after the other, in hexadecimal.
fn checksum<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    parts.for_each(|part| hasher.update(part));
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all text");
        text
    })
}

#[cfg(test)]
mod tests;

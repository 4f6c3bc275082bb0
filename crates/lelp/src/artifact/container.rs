//! Reading and writing of one artifact: safetensors with one metadata entry, checked before anything is believed.

use std::collections::HashMap;
use std::fmt::Write;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::artifact::error::ArtifactError;

/// Version of the layout; another one is refused.
const FORMAT: u32 = 2;
/// Name of the metadata entry. A single one, since safetensors writes several in no fixed order.
const ENTRY: &str = "lelp";

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
    sha256: String,
}

/// A tensor about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct OutgoingTensor {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl OutgoingTensor {
    /// A tensor of `f32`, row after row.
    #[must_use]
    pub fn single(name: &'static str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    /// A tensor of `f64`, row after row.
    #[must_use]
    pub fn double(name: &'static str, shape: &[usize], values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F64, shape: shape.to_vec(), bytes }
    }
}

/// What a fit keeps in a file: metadata of its own, as JSON, and tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct FitArtifact {
    pub(super) metadata: Value,
    pub(super) tensors: Vec<OutgoingTensor>,
}

impl FitArtifact {
    /// Takes metadata with text keys and finite numbers, and tensors.
    pub fn new<M: Serialize>(metadata: &M, tensors: Vec<OutgoingTensor>) -> Self {
        let metadata = serde_json::to_value(metadata).expect("metadata has text keys and finite numbers");
        Self { metadata, tensors }
    }
}

/// The bytes of an artifact; same tensors and metadata, same bytes.
pub(super) fn write<M: Serialize>(kind: &str, own: M, mut tensors: Vec<OutgoingTensor>) -> Vec<u8> {
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

/// An artifact whose kind, format and checksum have been checked, and whose tensors have not.
#[derive(Debug)]
pub struct ArtifactReader<'a> {
    kind: &'static str,
    tensors: SafeTensors<'a>,
    json: String,
    /// The metadata of a fit, and the names of its fine labels.
    pub(super) fit: Value,
    pub(super) fine_names: Option<Vec<String>>,
}

impl<'a> ArtifactReader<'a> {
    /// Opens an artifact of a kind; the checksum goes over all tensors, in the order of their names.
    pub(super) fn open(bytes: &'a [u8], kind: &'static str) -> Result<Self, ArtifactError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(ArtifactError::Safetensors)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(ArtifactError::Safetensors)?;
        let json = header.metadata().as_ref().and_then(|entries| entries.get(ENTRY)).cloned();
        let json = json.ok_or(ArtifactError::NotOurs { tensors: tensors.len() })?;
        let reader = Self { kind, tensors, json, fit: Value::Null, fine_names: None };
        let opening: Opening = reader.parse()?;
        if opening.format != FORMAT {
            return Err(ArtifactError::Format { found: opening.format, expected: FORMAT });
        }
        if opening.kind != kind {
            return Err(ArtifactError::Kind { found: opening.kind, expected: kind });
        }
        let mut views: Vec<(&str, TensorView)> = reader.tensors.iter().collect();
        views.sort_by_key(|(name, _)| *name);
        let found = checksum(views.iter().map(|(_, view)| view.data()));
        if found != opening.sha256 {
            return Err(ArtifactError::Checksum { found, expected: opening.sha256 });
        }
        Ok(reader)
    }

    /// The artifact's own metadata.
    pub(super) fn own<M: DeserializeOwned>(&self) -> Result<M, ArtifactError> {
        Ok(self.parse::<Envelope<M>>()?.own)
    }

    /// The metadata of a fit, as [`FitArtifact`] took it.
    ///
    /// # Errors
    /// [`ArtifactError::Metadata`] if it is of another shape.
    pub fn metadata<M: DeserializeOwned>(&self) -> Result<M, ArtifactError> {
        M::deserialize(&self.fit).map_err(|source| ArtifactError::Metadata { kind: self.kind, source })
    }

    /// Names of the fine labels that the file holds.
    #[must_use]
    pub fn fine_names(&self) -> Option<&[String]> {
        self.fine_names.as_deref()
    }

    /// A tensor of `f32` of a shape, each of its values `valid`.
    ///
    /// # Errors
    /// [`ArtifactError`] names the tensor and what is wrong with it.
    pub fn single(
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

    /// A tensor of `f64` of a shape, each of its values `valid`.
    ///
    /// # Errors
    /// [`ArtifactError`] names the tensor and what is wrong with it.
    pub fn double(
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

    fn parse<M: DeserializeOwned>(&self) -> Result<M, ArtifactError> {
        serde_json::from_str(&self.json).map_err(|source| ArtifactError::Metadata { kind: self.kind, source })
    }

    fn data(
        &self,
        name: &'static str,
        expected_type: Dtype,
        shape: &[usize],
    ) -> Result<&'a [u8], ArtifactError> {
        let view = self.tensors.tensor(name).map_err(|_| ArtifactError::MissingTensor { name })?;
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

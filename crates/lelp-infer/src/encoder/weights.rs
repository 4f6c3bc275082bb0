//! Tensors of a `model.safetensors`, read from its memory map and checked against the config.

use std::borrow::Cow;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use thiserror::Error;

/// Why the weights do not fit the config.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// Not a safetensors file, or cut off.
    #[error("not a whole safetensors file: {source}; fetch it again")]
    Format {
        /// The parser's reason.
        #[from]
        source: SafeTensorError,
    },
    /// A tensor that the architecture needs is absent.
    #[error(
        "tensor `{name}` is missing (with or without the prefix `{prefix}`); is this another architecture?"
    )]
    Missing {
        /// Name without the prefix.
        name: String,
        /// The family's prefix.
        prefix: &'static str,
    },
    /// A tensor has another shape than the config says.
    #[error("tensor `{name}` has shape {found:?}, but the config asks for {expected:?}")]
    Shape {
        /// Name without the prefix.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the config.
        expected: Vec<usize>,
    },
    /// A tensor is not of floating point.
    #[error("tensor `{name}` holds {found:?}; F32, F16 and BF16 are supported")]
    Element {
        /// Name without the prefix.
        name: String,
        /// Element type in the file.
        found: Dtype,
    },
}

/// The tensors of one file.
#[derive(Debug)]
pub(crate) struct Weights<'a> {
    tensors: SafeTensors<'a>,
    prefix: &'static str,
}

impl<'a> Weights<'a> {
    /// Reads the header of `bytes`; names are looked up with and without `prefix`.
    pub(crate) fn parse(bytes: &'a [u8], prefix: &'static str) -> Result<Self, WeightsError> {
        Ok(Self { tensors: SafeTensors::deserialize(bytes)?, prefix })
    }

    /// Number of floating point elements in the whole file; at most one for every 2 bytes of it.
    pub(crate) fn elements(&self) -> usize {
        let float = |tensor: &TensorView<'_>| matches!(tensor.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16);
        let floats = self.tensors.iter().map(|(_, tensor)| tensor).filter(float);
        floats.map(|tensor| tensor.shape().iter().product::<usize>()).sum()
    }

    /// The elements of tensor `name`, row-major, borrowed where the file's bytes can be used as they are.
    pub(crate) fn read(&self, name: &str, expected: &[usize]) -> Result<Cow<'a, [f32]>, WeightsError> {
        let tensor = self
            .tensors
            .tensor(name)
            .or_else(|_| self.tensors.tensor(&format!("{}{name}", self.prefix)))
            .map_err(|_| WeightsError::Missing { name: name.to_owned(), prefix: self.prefix })?;
        if tensor.shape() != expected {
            let (found, expected) = (tensor.shape().to_vec(), expected.to_vec());
            return Err(WeightsError::Shape { name: name.to_owned(), found, expected });
        }
        match tensor.dtype() {
            Dtype::F32 => Ok(singles(tensor.data())),
            Dtype::F16 => Ok(halves(tensor.data(), |bits| f16::from_bits(bits).to_f32())),
            Dtype::BF16 => Ok(halves(tensor.data(), |bits| bf16::from_bits(bits).to_f32())),
            found => Err(WeightsError::Element { name: name.to_owned(), found }),
        }
    }
}

/// `bytes` as f32: as they are where they are aligned, else copied.
fn singles(bytes: &[u8]) -> Cow<'_, [f32]> {
    if let Ok(values) = bytemuck::try_cast_slice(bytes) {
        return Cow::Borrowed(values);
    }
    let (chunks, _) = bytes.as_chunks::<4>();
    chunks.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
}

fn halves(bytes: &[u8], convert: impl Fn(u16) -> f32) -> Cow<'_, [f32]> {
    let (chunks, _) = bytes.as_chunks::<2>();
    chunks.iter().map(|&chunk| convert(u16::from_le_bytes(chunk))).collect()
}

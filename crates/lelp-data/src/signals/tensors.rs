//! A mapped safetensors file whose tensors are checked by name, type and shape.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::storage::{MappedFile, map};
use bytemuck::Pod;
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::error::SignalsFileError;

/// Bytes of the length that comes before the header.
const LENGTH_BYTES: usize = 8;

pub(super) struct TensorFile {
    pub(super) path: PathBuf,
    pub(super) bytes: MappedFile,
    metadata: Metadata,
    /// Where the tensors begin.
    start: usize,
}

/// Values of a tensor: in the map, or copied where the map holds them unaligned.
pub(super) enum Values<T> {
    Mapped(Range<usize>),
    Copied(Vec<T>),
}

impl<T: Pod> Values<T> {
    pub(super) fn get<'a>(&'a self, file: &'a TensorFile) -> &'a [T] {
        match self {
            Self::Mapped(range) => bytemuck::cast_slice(&file.bytes[range.clone()]),
            Self::Copied(values) => values,
        }
    }
}

impl TensorFile {
    /// Maps a file; every offset and size in its header is checked against its length.
    pub(super) fn open(path: &Path) -> Result<Self, SignalsFileError> {
        let bytes = map(path)?;
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|source| {
            SignalsFileError::Safetensors { file: path.to_owned(), bytes: bytes.len() as u64, source }
        })?;
        Ok(Self { path: path.to_owned(), start: LENGTH_BYTES + header, bytes, metadata })
    }

    pub(super) fn info(&self, tensor: &'static str) -> Result<&TensorInfo, SignalsFileError> {
        let missing = || SignalsFileError::MissingTensor { file: self.path.clone(), tensor };
        self.metadata.info(tensor).ok_or_else(missing)
    }

    pub(super) fn has(&self, tensor: &str) -> bool {
        self.metadata.info(tensor).is_some()
    }

    /// The values of a tensor of this type and shape; `T` has the size of `dtype`.
    pub(super) fn values<T: Pod>(
        &self,
        tensor: &'static str,
        dtype: Dtype,
        shape: &[usize],
    ) -> Result<Values<T>, SignalsFileError> {
        let info = self.info(tensor)?;
        if info.dtype != dtype {
            return Err(SignalsFileError::TensorType {
                file: self.path.clone(),
                tensor,
                found: info.dtype.to_string(),
                wanted: dtype.to_string(),
            });
        }
        if info.shape != shape {
            return Err(SignalsFileError::TensorShape {
                file: self.path.clone(),
                tensor,
                found: info.shape.clone(),
                wanted: shape.to_vec(),
            });
        }
        let range = self.start + info.data_offsets.0..self.start + info.data_offsets.1;
        let bytes = &self.bytes[range.clone()];
        Ok(match bytemuck::try_cast_slice::<u8, T>(bytes) {
            Ok(_) => Values::Mapped(range),
            Err(_) => Values::Copied(aligned(bytes)),
        })
    }
}

fn aligned<T: Pod>(bytes: &[u8]) -> Vec<T> {
    let mut values = vec![T::zeroed(); bytes.len() / size_of::<T>()];
    bytemuck::cast_slice_mut(&mut values).copy_from_slice(bytes);
    values
}

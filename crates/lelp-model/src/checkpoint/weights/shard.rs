//! One safetensors file, mapped, with its header read once.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::WeightsError;
use lelp_data::storage::{self, MappedFile};

/// Bytes of the number that says how long the header is.
const LENGTH_BYTES: usize = size_of::<u64>();

#[derive(Debug)]
pub(super) struct Shard {
    path: PathBuf,
    file: MappedFile,
    header: Metadata,
    /// Where the tensors' bytes begin.
    start: usize,
}

impl Shard {
    /// Maps `path` and checks its header against its length.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let file = storage::map(path)?;
        let (length, header) = SafeTensors::read_metadata(&file)
            .map_err(|source| WeightsError::Format { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, header, start: LENGTH_BYTES + length })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Type, shape and bytes of a tensor; none where it is not here.
    pub(super) fn tensor(&self, name: &str) -> Option<(&TensorInfo, &[u8])> {
        let info = self.header.info(name)?;
        let (from, to) = info.data_offsets;
        // The header was checked: offsets follow each other and end where the file ends.
        Some((info, &self.file[self.start + from..self.start + to]))
    }

    /// Names of the tensors.
    pub(super) fn names(&self) -> Vec<String> {
        self.header.tensors().into_keys().collect()
    }

    /// Number of floating point elements.
    pub(super) fn elements(&self) -> usize {
        let float =
            |info: &&TensorInfo| matches!(info.dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16);
        let tensors = self.header.tensors();
        let floats = tensors.values().copied().filter(float);
        floats.map(|info| info.shape.iter().product::<usize>()).sum()
    }
}

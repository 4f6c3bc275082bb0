//! Why weights do not fit the config.

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensorError};
use thiserror::Error;

use super::other_format;
use crate::checkpoint::adapter::ADAPTER;
use lelp_data::storage::FileError;

/// Why the weights do not fit the config; every variant names the file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The weights are there in another format alone.
    #[error("`{}` holds its weights as {file}, but they are read from model.safetensors alone; write it with\n  {}", folder.display(), other_format::conversion(folder, file))]
    OtherFormat {
        /// The folder.
        folder: PathBuf,
        /// The file that is there.
        file: &'static str,
    },
    /// There are weights of an adapter alone.
    #[error("`{}` holds {ADAPTER}", .0.display())]
    Adapter(PathBuf),
    /// Not a safetensors file, or cut off.
    #[error("`{}` is not a complete safetensors file; fetch it again", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: SafeTensorError,
    },
    /// The index of a checkpoint in several files is not one.
    #[error("`{}` is not the index of a checkpoint", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// The index names a file somewhere else.
    #[error("`{}` places tensor `{name}` in `{file}`; only files beside the index are read", path.display())]
    Path {
        /// The index.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The file it names.
        file: String,
    },
    /// The index names a file that is not there.
    #[error("`{}` places tensor `{name}` in `{file}`, which is not there; fetch it", path.display())]
    Shard {
        /// The index.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The missing file.
        file: String,
    },
    /// A tensor that the architecture needs is absent.
    #[error(
        "`{}`: tensor `{name}` is missing (with or without the prefix `{prefix}`); is this another architecture?",
        path.display()
    )]
    Missing {
        /// The file, or the index of several.
        path: PathBuf,
        /// Name without the prefix.
        name: String,
        /// The family's prefix.
        prefix: &'static str,
    },
    /// The index places a tensor in a file that does not hold it.
    #[error("`{}` lacks tensor `{name}`, which the index places there; fetch the files again", path.display())]
    NotInShard {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the config says.
    #[error("`{}`: tensor `{name}` has shape {found:?}, but the config asks for {expected:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Name without the prefix.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the config.
        expected: Vec<usize>,
    },
    /// A tensor is not of floating point.
    #[error("`{}`: tensor `{name}` holds {found:?}; F64, F32, F16 and BF16 are supported", path.display())]
    Element {
        /// The file.
        path: PathBuf,
        /// Name without the prefix.
        name: String,
        /// Element type in the file.
        found: Dtype,
    },
}

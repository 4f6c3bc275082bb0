//! An n-gram student on disk: `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lelp::{Classified, ErrorKind};
use lelp_core::layer::LayerError;
use lelp_core::ngram::{Bytes, FeatureTableError, NgramBytesError, NgramModelError, NgramStudent};
use lelp_core::static_embeddings::StaticEmbeddingsError;
use safetensors::tensor::Dtype;
use thiserror::Error;

use super::model::NgramModel;
use lelp_data::storage::{self, FileError};

/// File names inside the model's folder.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// Why a model could not be loaded or saved; every variant names the file.
#[derive(Debug, Error)]
pub enum NgramFileError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` is not what it should be.
    #[error("`{}` does not describe an n-gram student", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The weights are not a safetensors file, or one that contradicts itself.
    #[error("`{}` is not a sound safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is missing or of another type or rank.
    #[error("`{}` lacks a tensor `{tensor}` of type {wanted:?} and rank {rank}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The type it should have.
        wanted: Dtype,
        /// The number of dimensions it should have.
        rank: usize,
    },
    /// The table does not hold together.
    #[error("the table in `{}` is unsound", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FeatureTableError,
    },
    /// Static embeddings do not hold together.
    #[error("the static embeddings in `{}` are unsound", path.display())]
    Static {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StaticEmbeddingsError,
    },
    /// A layer does not hold together.
    #[error("layer `{layer}` in `{}` is unsound", path.display())]
    Layer {
        /// The file.
        path: PathBuf,
        /// The layer's name.
        layer: &'static str,
        /// Why.
        source: LayerError,
    },
    /// Configuration and weights do not fit together.
    #[error("the model in `{}` is unsound", path.display())]
    Model {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: NgramModelError,
    },
}

impl Classified for NgramFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

impl NgramFileError {
    /// Names the file in `folder` that is wrong.
    fn in_folder(folder: &Path, error: NgramBytesError) -> Self {
        let path = folder.join(WEIGHTS);
        match error {
            NgramBytesError::Config(source) => Self::Config { path: folder.join(CONFIG), source },
            NgramBytesError::Safetensors(source) => Self::Safetensors { path, source },
            NgramBytesError::Tensor { tensor, wanted, rank } => Self::Tensor { path, tensor, wanted, rank },
            NgramBytesError::Table(source) => Self::Table { path, source },
            NgramBytesError::Static(source) => Self::Static { path, source },
            NgramBytesError::Layer { layer, source } => Self::Layer { path, layer, source },
            NgramBytesError::Model(source) => Self::Model { path: folder.to_owned(), source },
        }
    }
}

impl NgramModel {
    /// Loads the model in `folder`. The table is mapped, not read: the time does not grow with its size.
    pub fn load(folder: &Path) -> Result<Self, NgramFileError> {
        let config = storage::map(&folder.join(CONFIG))?;
        let weights: Bytes = Arc::new(storage::map(&folder.join(WEIGHTS))?);
        let student = NgramStudent::from_bytes(&config, &weights);
        Ok(student.map_err(|error| NgramFileError::in_folder(folder, error))?.into())
    }

    /// Saves the model into `folder`, which is made where it is missing.
    pub fn save(&self, folder: &Path) -> Result<(), NgramFileError> {
        storage::create_folder(folder)?;
        storage::write(&folder.join(WEIGHTS), &self.weight_bytes())?;
        Ok(storage::write(&folder.join(CONFIG), &self.config_bytes())?)
    }
}

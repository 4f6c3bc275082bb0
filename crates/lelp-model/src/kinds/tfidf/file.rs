//! The baseline on disk: `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};

use lelp::{Classified, ErrorKind};
use lelp_data::storage::{self, FileError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::model::{TfidfModel, TfidfModelError};
use super::vocabulary::Vocabulary;
use crate::predictor::Predictor;

/// File names inside the model's folder.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// The `config.json` of this kind of model.
#[derive(Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
enum ConfigFile {
    Tfidf {
        /// Names of the classes, in the order of the logits.
        labels: Vec<String>,
    },
}

/// Why a model could not be loaded or saved; every variant names the file.
#[derive(Debug, Error)]
pub enum TfidfFileError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` is not what it should be.
    #[error("`{}` does not describe a model on tf-idf", path.display())]
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
    /// A tensor is missing or of another type.
    #[error("`{}` lacks a tensor `{tensor}` of type {wanted:?}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: &'static str,
        /// The type it should have.
        wanted: Dtype,
    },
    /// The tensors do not fit together.
    #[error("the model in `{}` is unsound", path.display())]
    Model {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: TfidfModelError,
    },
}

impl Classified for TfidfFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

impl TfidfModel {
    /// Loads the model in `folder`.
    ///
    /// # Errors
    /// [`TfidfFileError`] names the file.
    pub fn load(folder: &Path) -> Result<Self, TfidfFileError> {
        let path = folder.join(CONFIG);
        let ConfigFile::Tfidf { labels } = serde_json::from_slice(&storage::map(&path)?)
            .map_err(|source| TfidfFileError::Config { path, source })?;
        let path = folder.join(WEIGHTS);
        let file = storage::map(&path)?;
        let tensors = SafeTensors::deserialize(&file)
            .map_err(|source| TfidfFileError::Safetensors { path: path.clone(), source })?;
        let bytes = |tensor: &'static str, wanted: Dtype| match tensors.tensor(tensor) {
            Ok(view) if view.dtype() == wanted => Ok(view.data()),
            _ => Err(TfidfFileError::Tensor { path: path.clone(), tensor, wanted }),
        };
        let (keys, _) = bytes("keys", Dtype::U64)?.as_chunks::<8>();
        let keys = keys.iter().map(|&key| u64::from_le_bytes(key)).collect();
        let floats = |tensor| -> Result<Vec<f32>, TfidfFileError> {
            let (values, _) = bytes(tensor, Dtype::F32)?.as_chunks::<4>();
            Ok(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
        };
        let vocabulary = Vocabulary { keys, idf: floats("idf")? };
        Self::new(labels, vocabulary, floats("weight")?, floats("bias")?)
            .map_err(|source| TfidfFileError::Model { path: folder.into(), source })
    }

    /// Saves the model into `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// [`TfidfFileError`] names the file.
    pub fn save(&self, folder: &Path) -> Result<(), TfidfFileError> {
        storage::create_folder(folder)?;
        let Vocabulary { keys, idf } = self.vocabulary();
        let (terms, outputs) = (keys.len(), self.bias().len());
        let view = |name, dtype, shape: &[usize], bytes| {
            let view =
                TensorView::new(dtype, shape.to_vec(), bytes).expect("the shape is that of the values");
            (name, view)
        };
        let tensors = [
            view("keys", Dtype::U64, &[terms], bytemuck::cast_slice(keys)),
            view("idf", Dtype::F32, &[terms], bytemuck::cast_slice(idf)),
            view("weight", Dtype::F32, &[terms, outputs], bytemuck::cast_slice(self.weight())),
            view("bias", Dtype::F32, &[outputs], bytemuck::cast_slice(self.bias())),
        ];
        let path = folder.join(WEIGHTS);
        let bytes = safetensors::serialize(tensors, None)
            .map_err(|source| TfidfFileError::Safetensors { path: path.clone(), source })?;
        storage::write(&path, &bytes)?;
        let config = ConfigFile::Tfidf { labels: self.labels().to_vec() };
        Ok(storage::write(&folder.join(CONFIG), &storage::pretty_json(&config))?)
    }
}

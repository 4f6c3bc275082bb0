//! An n-gram student on disk: `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lelp::{Classified, ErrorKind};
use lelp_core::ngram::{Bytes, NgramBytesError, NgramStudent};
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
    /// The files are no n-gram student.
    #[error("`{}` is unsound", path.display())]
    Unsound {
        /// The file, or the folder where its files do not fit together.
        path: PathBuf,
        /// What is wrong with it.
        source: NgramBytesError,
    },
}

impl Classified for NgramFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Unsound { .. } => ErrorKind::Input,
        }
    }
}

impl NgramFileError {
    /// Names the file in `folder` that is wrong.
    fn in_folder(folder: &Path, error: NgramBytesError) -> Self {
        let path = match error {
            NgramBytesError::Config(_) => folder.join(CONFIG),
            NgramBytesError::Model(_) => folder.to_owned(),
            _ => folder.join(WEIGHTS),
        };
        Self::Unsound { path, source: error }
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

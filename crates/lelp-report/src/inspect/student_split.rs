//! The split that a student was trained with, read from its folder.

use std::fs;
use std::path::{Path, PathBuf};

use lelp::artifact::ArtifactError;
use lelp::{FittedSplit, Temperature};
use lelp_data::storage::{self, FileError};
use lelp_method::SplitSource;
use lelp_train::distill::{DistillSettings, SplitSharpness};
use serde::Deserialize;
use thiserror::Error;

/// A student's split, and the settings it was trained with.
#[derive(Debug, Clone, PartialEq)]
pub struct StudentSplit {
    /// The split of its classes.
    pub fit: FittedSplit,
    /// How sharp its targets were.
    pub sharp: SplitSharpness,
    /// The temperature of its targets.
    pub temperature: Temperature,
    /// Signals whose embeddings its classes were split by, where those were not the teacher's.
    pub split_signals: Option<PathBuf>,
    /// All of its settings, `data` and `signals` among them.
    pub settings: DistillSettings,
}

/// Why the split of a student could not be read.
#[derive(Debug, Error)]
pub enum StudentSplitError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `run.json` does not parse.
    #[error("`{}` does not say how a student was trained", file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Its method does not split classes.
    #[error(
        "`{}` was trained with method `{method}`, which does not split classes",
        folder.display()
    )]
    NoSplit {
        /// The student's folder.
        folder: PathBuf,
        /// Its method.
        method: String,
    },
    /// The file of the split is damaged.
    #[error("`{}` does not hold a split", file.display())]
    Fit {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: ArtifactError,
    },
}

/// The part of `run.json` that is read.
#[derive(Deserialize)]
struct Record {
    settings: DistillSettings,
    split_signals: Option<PathBuf>,
}

impl StudentSplit {
    /// Reads `run.json` and `lelp.safetensors` of a student's folder.
    pub fn open(folder: &Path) -> Result<Self, StudentSplitError> {
        let file = folder.join("run.json");
        let bytes = fs::read(&file).map_err(|source| FileError::Read { path: file.clone(), source })?;
        let Record { settings, split_signals } =
            serde_json::from_slice(&bytes).map_err(|source| StudentSplitError::Record { file, source })?;
        let method = &settings.distill.base;
        let Some(split) = method.split() else {
            let (folder, method) = (folder.to_owned(), settings.distill.name());
            return Err(StudentSplitError::NoSplit { folder, method });
        };
        let sharp = match split.entropy {
            Some(bits) => SplitSharpness::Entropy(bits),
            None => SplitSharpness::Beta(split.beta),
        };
        let temperature = split.temperature;
        let file = folder.join("lelp.safetensors");
        let fit = FittedSplit::from_bytes(&storage::map(&file)?)
            .map_err(|source| StudentSplitError::Fit { file, source })?;
        let own = split.split_source == SplitSource::Teacher;
        let split_signals = split_signals.filter(|_| !own);
        Ok(Self { fit, sharp, temperature, split_signals, settings })
    }
}

//! A head that was trained, and its folder.

use std::path::{Path, PathBuf};

use lelp::{Classified, ErrorKind};
use lelp_data::ColumnSettings;
use lelp_data::storage::{self, FileError, FileHashes};
use lelp_model::encoder_classifier::{
    EncoderClassifier, EncoderClassifierError, FrozenEncoderConfig, TEACHER_FILE,
};
use lelp_model::head::ClassifierHead;
use lelp_model::mlp::MlpModel;
use serde::Serialize;
use thiserror::Error;

use crate::network::{NetworkError, TrainedNetwork};
use crate::training::{TrainReport, ValidationRecord};

/// A head that was trained.
#[derive(Debug)]
pub struct TrainedHead {
    /// The head of the best epoch, on raw inputs: the standardisation that training uses is folded into it.
    pub model: HeadModel,
    /// How training went.
    pub report: TrainReport,
    /// Labelled rows that the best epoch was chosen on.
    pub validation_rows: usize,
}

/// What a head reads.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a run has one of them")]
pub enum HeadModel {
    /// The embeddings of a frozen encoder.
    OnEncoder {
        /// The head.
        head: ClassifierHead,
        /// What the teacher's folder says of it.
        config: Box<FrozenEncoderConfig>,
        /// Folder of the encoder.
        encoder: PathBuf,
    },
    /// Vectors, numbers and categories, and a text where there is an encoder for it.
    OnColumns(TrainedNetwork),
}

/// `run.json` of a head on columns; beside one on an encoder `teacher.json` names the files.
#[derive(Debug, Serialize)]
struct RunRecord {
    version: &'static str,
    best_epoch: usize,
    validation: Option<ValidationRecord>,
    /// SHA-256 of every other file.
    files: FileHashes,
}

/// Why a teacher cannot be written.
#[derive(Debug, Error)]
pub enum SaveHeadError {
    /// A head on an encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderClassifierError),
    /// A network on columns.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The folder cannot take its place.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TrainedHead {
    /// Writes the teacher's folder, which appears whole; `columns` are those that it was made of.
    pub fn save(&self, folder: &Path, columns: &ColumnSettings) -> Result<(), SaveHeadError> {
        storage::write_folder(folder, |folder| {
            columns.remember(folder)?;
            match &self.model {
                HeadModel::OnEncoder { head, config, encoder } => {
                    Ok(EncoderClassifier::save(folder, encoder, head, config)?)
                }
                HeadModel::OnColumns(network) => {
                    network.save(folder)?;
                    let record = self.record(FileHashes::of(folder)?);
                    Ok(storage::write(&folder.join("run.json"), &storage::pretty_json(&record))?)
                }
            }
        })
    }

    fn record(&self, files: FileHashes) -> RunRecord {
        RunRecord {
            version: env!("CARGO_PKG_VERSION"),
            best_epoch: self.report.best_epoch,
            validation: self.report.best().and_then(|epoch| epoch.validation),
            files,
        }
    }

    /// Whether `folder` holds a head that was trained, complete.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        folder.join(TEACHER_FILE).exists() || MlpModel::is_in(folder)
    }
}

impl Classified for SaveHeadError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::File(error) => error.kind(),
        }
    }
}

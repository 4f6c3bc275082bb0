//! The students there are: what they read of a task, how each is trained, what each leaves behind.

mod encoder;
mod mlp;
mod ngram;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::storage::FileError;
use lelp_model::PredictError;
use lelp_model::encoder::EncoderError;
use lelp_model::encoder_classifier::EncoderClassifierError;
use lelp_model::layer::LayerError;
use lelp_model::ngram::{NgramFileError, NgramModel};
use thiserror::Error;

pub use encoder::{EncoderModel, EncoderTexts};
pub use mlp::{MlpModel, MlpTexts};
pub use ngram::NgramTexts;

use super::settings::StudentSettings;
use super::task::Task;
use crate::students::{EmbeddingRowsError, EncoderStudentError, NgramStudentError};
use crate::teachers::{EmbedError, EmbeddingCache};
use crate::training::{TrainError, TrainReport};
use lelp_method::Optimizer;
use lelp_method::{Objective, Supervision};

/// What the students of a task read, made once and used by every method and seed.
#[derive(Debug)]
pub enum TaskInputs {
    /// Features.
    Ngram(NgramTexts),
    /// Tokens.
    Encoder(EncoderTexts),
    /// Embeddings of a frozen encoder.
    Mlp(MlpTexts),
}

/// A trained student.
#[derive(Debug)]
pub enum StudentModel {
    /// Hashed words and bigrams over a mean-pooled table.
    Ngram(Box<NgramModel>),
    /// An encoder with its classification head.
    Encoder(Box<EncoderModel>),
    /// A head with a hidden layer on a frozen encoder.
    Mlp(Box<MlpModel>),
}

/// Why a student cannot be made, or not be saved.
#[derive(Debug, Error)]
pub enum StudentModelError {
    /// The n-gram student cannot be built.
    #[error(transparent)]
    Ngram(#[from] NgramStudentError),
    /// The n-gram student cannot be written.
    #[error(transparent)]
    NgramFile(#[from] NgramFileError),
    /// The encoder student cannot be built or written.
    #[error(transparent)]
    Encoder(#[from] EncoderStudentError),
    /// The frozen encoder cannot be loaded.
    #[error(transparent)]
    Frozen(#[from] EncoderError),
    /// The frozen encoder's embeddings do not hold together.
    #[error(transparent)]
    Embeddings(#[from] EmbeddingRowsError),
    /// The frozen encoder's embeddings cannot be had.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The trained weights are not finite.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The student on a frozen encoder cannot be written.
    #[error(transparent)]
    Folder(#[from] EncoderClassifierError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A text cannot be read.
    #[error(transparent)]
    Text(#[from] PredictError),
    /// The system gave no threads.
    #[error(transparent)]
    Threads(#[from] TrainError),
    /// A student that is made from something, which is not given.
    #[error("student `{student}` needs `{option}`: {what}")]
    Option {
        /// The student.
        student: &'static str,
        /// The option.
        option: &'static str,
        /// What it names.
        what: &'static str,
    },
    /// An encoder follows its gradients in one way only.
    #[error("an encoder is trained with optimizer `adam`, not `{}`", .0.name())]
    Optimizer(Optimizer),
}

impl StudentModel {
    /// Writes the student into `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), StudentModelError> {
        match self {
            Self::Ngram(model) => Ok(model.save(folder)?),
            Self::Encoder(model) => model.save(folder),
            Self::Mlp(model) => model.save(folder),
        }
    }

    /// The n-gram student, if it is one.
    #[must_use]
    pub fn ngram(&self) -> Option<&NgramModel> {
        match self {
            Self::Ngram(model) => Some(model),
            Self::Encoder(_) | Self::Mlp(_) => None,
        }
    }
}

impl TaskInputs {
    /// What students with these settings read of the task's texts; `progress` is told of rows that are done.
    ///
    /// With `kept` the embeddings of a frozen encoder are those of an earlier run, where there was one.
    pub fn new(
        task: &Task,
        student: &StudentSettings,
        threads: NonZeroUsize,
        cache: Option<&EmbeddingCache>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentModelError> {
        Ok(match student {
            StudentSettings::Ngram(options) => Self::Ngram(NgramTexts::new(task, options, threads)?),
            StudentSettings::Encoder(options) => Self::Encoder(EncoderTexts::new(task, options, threads)?),
            StudentSettings::Mlp(options) => {
                Self::Mlp(MlpTexts::new(task, options, threads, cache, progress, cancelled)?)
            }
        })
    }
}

/// What a student is trained with, the same for all kinds.
pub(super) struct TrainingJob<'a> {
    pub(super) task: &'a Task,
    pub(super) method: &'a Objective,
    pub(super) supervision: Supervision<'a>,
    pub(super) settings: &'a crate::training::TrainSettings,
    pub(super) checkpoints: Option<&'a crate::training::Checkpoints>,
    pub(super) threads: NonZeroUsize,
}

/// A student and how its training went.
pub(super) type Trained = (StudentModel, TrainReport);

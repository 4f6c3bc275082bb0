//! Why a data set and a teacher cannot be prepared.

use std::path::PathBuf;

use lelp::{Classified, ErrorKind};
use lelp_data::storage::FileError;
use lelp_data::{DataError, SignalsFileError};
use lelp_model::encoder::EncoderError;
use lelp_model::{ModelFolderError, PredictError};
use lelp_train::distill::{SplitEncoderError, TaskError};
use lelp_train::encoder::EncoderTrainingError;
use lelp_train::evaluate::EvaluateError;
use lelp_train::teachers::{EmbedError, FineTuneError, HeadTrainingError, SaveHeadError, SignalsRunError};
use lelp_train::unlabelled::UnlabelledError;
use thiserror::Error;

/// Why a data set and a teacher cannot be prepared.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The data set cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data and signals do not fit.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// There is nothing to report on.
    #[error("data set `{name}` (`{}`) has no test file, and a comparison reports on one", path.display())]
    NoTest {
        /// Its name.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// Nobody answers rows without labels.
    #[error(
        "data set `{name}` has unlabelled rows, but its teacher is known by its signals alone and answers no others"
    )]
    UnlabelledWithoutTeacher {
        /// The name of the data set.
        name: String,
    },
    /// Files of rows without labels cannot be used.
    #[error(transparent)]
    Unlabelled(#[from] Box<UnlabelledError>),
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder cannot embed the texts.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The teacher cannot be written.
    #[error(transparent)]
    Teacher(#[from] SaveHeadError),
    /// The teacher's folder cannot be read.
    #[error(transparent)]
    Model(#[from] ModelFolderError),
    /// No head could be trained.
    #[error(transparent)]
    Teach(#[from] HeadTrainingError),
    /// The encoder cannot be fine-tuned.
    #[error(transparent)]
    Source(#[from] EncoderTrainingError),
    /// Fine-tuning failed.
    #[error(transparent)]
    FineTune(#[from] FineTuneError),
    /// The teacher did not answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// The teacher cannot be measured.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// No signals could be written.
    #[error(transparent)]
    Signals(#[from] SignalsRunError),
    /// There are no embeddings to split classes by.
    #[error(transparent)]
    Split(#[from] SplitEncoderError),
    /// The signals cannot be read.
    #[error(transparent)]
    SignalsFile(#[from] SignalsFileError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Classified for PrepareError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoTest { .. } | Self::UnlabelledWithoutTeacher { .. } => ErrorKind::Input,
            Self::Unlabelled(error) => error.kind(),
            Self::Data(error) => error.kind(),
            Self::SignalsFile(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Task(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Embed(error) => error.kind(),
            Self::Teacher(error) => error.kind(),
            Self::Model(error) => error.kind(),
            Self::Teach(error) => error.kind(),
            Self::Source(error) => error.kind(),
            Self::FineTune(error) => error.kind(),
            Self::Answer(error) => error.kind(),
            Self::Evaluate(error) => error.kind(),
            Self::Signals(error) => error.kind(),
            Self::Split(error) => error.kind(),
        }
    }
}

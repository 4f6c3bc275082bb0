//! Why a student cannot be made, or not be saved.

use lelp_data::storage::FileError;
use lelp_data::{ColumnKind, SchemaError};
use lelp_method::{MethodError, Optimizer};
use lelp_model::ModelFolderError;
use lelp_model::PredictError;
use lelp_model::encoder::EncoderError;
use lelp_model::encoder_classifier::EncoderClassifierError;
use lelp_model::layer::LayerError;
use lelp_model::ngram::NgramFileError;
use lelp_model::static_embeddings::{StaticEmbeddingsError, StaticFileError, StaticModelError};
use lelp_model::tfidf::{TfidfFileError, TfidfModelError};
use thiserror::Error;

use super::ngram::error::NgramStudentError;
use super::static_embeddings::error::PretrainedError;
use crate::encoder::EncoderTrainingError;
use crate::evaluate::EvaluateError;
use crate::head::EmbeddingRowsError;
use crate::network::NetworkError;
use crate::teachers::EmbedError;
use crate::training::TrainError;

/// Why a student cannot be made, or not be saved.
#[derive(Debug, Error)]
pub enum StudentError {
    /// The n-gram student cannot be built.
    #[error(transparent)]
    Ngram(#[from] NgramStudentError),
    /// The n-gram student cannot be written.
    #[error(transparent)]
    NgramFile(#[from] NgramFileError),
    /// There are no vectors for static embeddings to begin as.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// Static embeddings do not hold together.
    #[error(transparent)]
    Static(#[from] StaticEmbeddingsError),
    /// The parts of a static student do not fit together.
    #[error(transparent)]
    StaticModel(#[from] StaticModelError),
    /// The static student cannot be written.
    #[error(transparent)]
    StaticFile(#[from] StaticFileError),
    /// The encoder student cannot be built or written.
    #[error(transparent)]
    Encoder(#[from] EncoderTrainingError),
    /// The frozen encoder cannot be loaded.
    #[error(transparent)]
    Frozen(#[from] EncoderError),
    /// The inputs of a head do not fit together.
    #[error(transparent)]
    Embeddings(#[from] EmbeddingRowsError),
    /// The frozen encoder gives no embeddings.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The trained weights are not finite.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The student on a frozen encoder cannot be written.
    #[error(transparent)]
    Folder(#[from] EncoderClassifierError),
    /// There is no network on columns.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A text cannot be read, or the student cannot answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// What was saved cannot be loaded again.
    #[error(transparent)]
    Load(#[from] ModelFolderError),
    /// Answers and labels do not fit together.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Method and data do not fit together.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The table lacks a column, or has it in another kind.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A column of a kind that the student does not read.
    #[error("student `{student}` does not read column `{column}`, which is {}; `mlp` does", kind.describe())]
    Column {
        /// The student.
        student: &'static str,
        /// The column.
        column: String,
        /// What it holds.
        kind: ColumnKind,
    },
    /// The baseline's parts do not fit together.
    #[error(transparent)]
    Tfidf(#[from] TfidfModelError),
    /// The baseline cannot be written.
    #[error(transparent)]
    TfidfFile(#[from] TfidfFileError),
    /// A penalty that is none.
    #[error("inverse_penalty is {0}: use a finite number above 0")]
    InversePenalty(f64),
    /// A student that learns from labels alone, with another method.
    #[error("student `{student}` learns from labels alone, by method `ce` as it is, not by `{method}`")]
    LabelsAlone {
        /// The student.
        student: &'static str,
        /// The method.
        method: String,
    },
    /// A student of texts on rows without one.
    #[error("student `{student}` reads a text, but the data have no column of texts")]
    NoText {
        /// The student.
        student: &'static str,
    },
    /// An MLP student without inputs.
    #[error("student `mlp` needs `encoder`: the folder or name of the encoder whose embeddings it reads")]
    NoEncoder,
    /// An encoder student is to be made of the teacher, of which nothing but signals is known.
    #[error(
        "student `encoder` takes its layers from the teacher's folder, but the teacher is known by its signals alone"
    )]
    NoTeacherFolder,
    /// An encoder follows its gradients in one way only.
    #[error("an encoder is trained with optimizer `adam`, not `{}`", .0.name())]
    EncoderOptimizer(Optimizer),
}

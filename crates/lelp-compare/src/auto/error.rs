//! Why `auto` chooses nothing.

use lelp::{Classified, ErrorKind};
use lelp_model::PredictError;
use lelp_train::distill::{DistillError, TaskError};
use lelp_train::students::StudentError;
use thiserror::Error;

use crate::space::SpaceError;

/// Why `auto` chooses nothing.
#[derive(Debug, Error)]
pub enum AutoError {
    /// The method has no split.
    #[error(
        "method `{0}` has no `subclasses` and `beta` to choose: give it its settings, or use `auto` for the method"
    )]
    NoSplit(String),
    /// There is no teacher.
    #[error("a split is chosen by a teacher's signals, and the task has none")]
    NoSignals,
    /// There is no sample to try splits on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Texts cannot be read.
    #[error(transparent)]
    Inputs(#[from] StudentError),
    /// A student failed.
    #[error(transparent)]
    Distill(#[from] DistillError),
    /// A student did not answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// A candidate does not fit.
    #[error(transparent)]
    Space(#[from] SpaceError),
}

impl Classified for AutoError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSplit(_) | Self::NoSignals => ErrorKind::Input,
            Self::Task(error) => error.kind(),
            Self::Inputs(error) => error.kind(),
            Self::Distill(error) => error.kind(),
            Self::Answer(error) => error.kind(),
            Self::Space(error) => error.kind(),
        }
    }
}

//! Why `auto` chooses nothing.

use lelp::{Classified, ErrorKind};
use lelp_method::MethodSettingsError;
use lelp_train::distill::DistillError;
use lelp_train::students::StudentError;
use thiserror::Error;

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
    /// There is nothing to learn from.
    #[error("no training row has a label, and there are no teacher's signals: give one or the other")]
    NothingToLearn,
    /// A given setting that no method has which is tried.
    #[error(
        "`{0}` is no setting of the methods that `auto` tries on these data: name the method, or leave it out"
    )]
    Unknown(String),
    /// A given value does not fit a method.
    #[error(transparent)]
    Method(#[from] MethodSettingsError),
    /// A declared value does not fit the student.
    #[error("the student's settings cannot be changed")]
    Student(#[source] serde_json::Error),
    /// Texts cannot be read.
    #[error(transparent)]
    Inputs(#[from] StudentError),
    /// A student failed.
    #[error(transparent)]
    Distill(#[from] DistillError),
    /// No candidate is left.
    #[error("none of the splits fits these classes: use method `kd`")]
    NothingFits,
}

impl Classified for AutoError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSplit(_)
            | Self::NoSignals
            | Self::NothingToLearn
            | Self::Unknown(_)
            | Self::NothingFits => ErrorKind::Input,
            Self::Method(error) => error.kind(),
            Self::Student(_) => ErrorKind::Defect,
            Self::Inputs(error) => error.kind(),
            Self::Distill(error) => error.kind(),
        }
    }
}

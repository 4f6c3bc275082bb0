//! MLP students: a head with a hidden layer on the embeddings of a frozen encoder.

mod settings;
mod train;

use crate::training::TrainSettings;

pub use settings::MlpStudentSettings;

use super::StudentKind;
use super::kind;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "mlp",
    summary: "a head with a hidden layer on the embeddings of a frozen text encoder",
    training: TrainSettings::head,
    read: kind::read::<MlpStudentSettings>,
};

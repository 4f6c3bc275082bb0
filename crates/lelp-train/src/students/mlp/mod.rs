//! MLP students: a hidden layer on vectors, numbers, categories and the embeddings of a frozen encoder.

mod on_columns;
mod on_encoder;
mod settings;

use crate::training::TrainSettings;

pub use settings::MlpStudentSettings;

use super::StudentKind;
use super::kind;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "mlp",
    summary: "a hidden layer on vectors, numbers, categories and the embeddings of a frozen text encoder",
    training: TrainSettings::head,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<MlpStudentSettings>,
};

//! Encoder students: a teacher's own layers, a smaller checkpoint, or a network from scratch.

mod settings;
mod train;

use crate::training::TrainSettings;

pub use settings::{EncoderChoice, EncoderStudentSettings, LayerChoice};

use super::StudentKind;
use super::kind;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "encoder",
    summary: "a text encoder: layers of the teacher or of any other, or one of any size from scratch",
    training: TrainSettings::encoder,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<EncoderStudentSettings>,
};

//! Static students: vectors of word pieces that begin as an encoder's, mean-pooled and tuned. They stand beside the n-grams
//! of an n-gram student too.

mod pretrained;
mod settings;
mod train;

pub use pretrained::PretrainedError;
pub(super) use pretrained::{PretrainedPieces, StaticWidth};
pub use settings::StaticStudentSettings;

use super::StudentKind;
use super::kind;
use crate::training::TrainSettings;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "static",
    summary: "vectors of word pieces that begin as an encoder's, mean-pooled and tuned: microseconds a text",
    training: TrainSettings::ngram,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<StaticStudentSettings>,
};

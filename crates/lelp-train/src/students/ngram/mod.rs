//! N-gram students: hashed features of texts, categories and binned numbers over a mean-pooled table.

mod columns;
mod features;
mod large_array;
mod settings;
mod table;
mod train;
mod trainable;

use crate::training::TrainSettings;

pub use features::NgramInputs;
pub use settings::NgramStudentSettings;
pub use trainable::{NgramStudentError, NgramTrainSettings, TrainableNgram};

use super::StudentKind;
use super::kind;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "ngram",
    summary: "hashed words, word pairs, categories and binned numbers over a mean-pooled table: microseconds a text",
    training: TrainSettings::ngram,
    read: kind::read::<NgramStudentSettings>,
};

//! N-gram students: hashed features of texts, categories and binned numbers over a mean-pooled table.

mod columns;
mod features;
mod settings;
mod shrink;
mod train;
mod trainable;

use crate::training::TrainSettings;

pub use features::{features_of_table, features_of_texts};
pub use settings::NgramStudentSettings;
pub use shrink::{ShrinkError, ShrinkSettings, Shrinker};
pub(super) use trainable::output_layers;
pub use trainable::{NgramStudentError, NgramTrainSettings, TrainableNgram};

use super::kind;
use super::{Alternative, StudentKind};

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "ngram",
    summary: "hashed words, word pairs, categories and binned numbers over a mean-pooled table: microseconds a text",
    training: TrainSettings::ngram,
    alternatives: &[
        Alternative { name: "characters 3 to 5", changes: &[("min_characters", 3), ("max_characters", 5)] },
        Alternative { name: "no hidden layer", changes: &[("hidden", 0)] },
    ],
    of_teacher: &[Alternative { name: "static embeddings", changes: &[("static_width", 128)] }],
    read: kind::read::<NgramStudentSettings>,
};

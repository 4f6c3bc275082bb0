//! N-gram students: hashed features of texts, categories and binned numbers over a mean-pooled table.

mod columns;
pub(super) mod error;
mod features;
mod settings;
mod shrink;
mod train;
mod trainable;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::task::Task;
use crate::training::TrainSettings;

pub use error::NgramStudentError;
pub use features::{features_of_table, features_of_texts};
pub use settings::NgramStudentSettings;
pub use shrink::{ShrinkError, ShrinkSettings, Shrinker};
use train::PreparedNgram;
pub(super) use trainable::output_layers;
pub use trainable::{NgramTrainSettings, TrainableNgram};

use super::kind;
use super::{Alternative, PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};

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

impl Student for NgramStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &KIND
    }

    fn prepare(
        &self,
        task: &Task,
        resources: &Resources<'_>,
        _progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        Ok(Box::new(PreparedNgram::new(self.clone(), task, resources, cancelled)?))
    }

    fn encoder(&self) -> Option<&Path> {
        self.encoder.as_deref()
    }

    fn embeds_rows(&self) -> bool {
        false
    }

    fn with_encoder(&self, folder: PathBuf) -> Option<StudentSettings> {
        Some(StudentSettings::new(Self { encoder: Some(folder), ..self.clone() }))
    }
}

//! Static students: vectors of word pieces that begin as an encoder's, mean-pooled and tuned. They stand beside the n-grams
//! of an n-gram student too.

pub(super) mod error;
pub(super) mod pretrained;
mod settings;
mod train;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub use error::PretrainedError;
pub use settings::StaticStudentSettings;
use train::PreparedStatic;

use super::kind;
use super::{PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};
use crate::task::Task;
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

impl Student for StaticStudentSettings {
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
        Ok(Box::new(PreparedStatic::new(self.clone(), task, resources, cancelled)?))
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

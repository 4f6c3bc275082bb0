//! The baseline: logistic regression on tf-idf, fitted to labels alone.

mod lbfgs;
mod logistic;
mod settings;
mod train;

use std::sync::atomic::AtomicBool;

use crate::task::Task;
use crate::training::TrainSettings;

pub use settings::TfidfStudentSettings;
use train::PreparedTfidf;

use super::kind;
use super::{PreparedStudent, Resources, Student, StudentError, StudentKind};

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "tfidf",
    summary: "logistic regression on tf-idf weighted words and word pairs, by labels alone: the baseline",
    training: TrainSettings::ngram,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<TfidfStudentSettings>,
};

impl Student for TfidfStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &KIND
    }

    fn prepare(
        &self,
        task: &Task,
        _resources: &Resources<'_>,
        _progress: &mut dyn FnMut(usize),
        _cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        Ok(Box::new(PreparedTfidf::new(*self, task)?))
    }
}

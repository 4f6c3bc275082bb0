//! MLP students: a hidden layer on vectors, numbers, categories and the embeddings of a frozen encoder.

mod on_columns;
mod on_encoder;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::task::Task;
use crate::training::TrainSettings;

use on_columns::PreparedColumns;
use on_encoder::PreparedOnEncoder;
pub use settings::MlpStudentSettings;

use super::kind;
use super::{PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "mlp",
    summary: "a hidden layer on vectors, numbers, categories and the embeddings of a frozen text encoder",
    training: TrainSettings::head,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<MlpStudentSettings>,
};

impl Student for MlpStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &KIND
    }

    fn prepare(
        &self,
        task: &Task,
        resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        Ok(if task.train().schema().is_text_only() {
            Box::new(PreparedOnEncoder::new(self, task, resources, progress, cancelled)?)
        } else {
            Box::new(PreparedColumns::new(self, task, resources, progress, cancelled)?)
        })
    }

    fn encoder(&self) -> Option<&Path> {
        self.encoder.as_deref()
    }

    fn with_encoder(&self, folder: PathBuf) -> Option<StudentSettings> {
        Some(StudentSettings::new(Self { encoder: Some(folder), ..self.clone() }))
    }
}

//! Encoder students: a teacher's own layers, a smaller checkpoint, or a network from scratch.

mod settings;
mod train;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::task::Task;
use crate::training::TrainSettings;

pub use settings::{EncoderChoice, EncoderStudentSettings, LayerChoice};
use train::PreparedEncoder;

use super::kind;
use super::{PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "encoder",
    summary: "a text encoder: layers of the teacher or of any other, or one of any size from scratch",
    training: TrainSettings::encoder,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<EncoderStudentSettings>,
};

impl Student for EncoderStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &KIND
    }

    fn prepare(
        &self,
        task: &Task,
        resources: &Resources<'_>,
        _progress: &mut dyn FnMut(usize),
        _cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        Ok(Box::new(PreparedEncoder::new(self, task, resources)?))
    }

    fn encoder(&self) -> Option<&Path> {
        match &self.from {
            EncoderChoice::Teacher => None,
            EncoderChoice::At(path) => Some(path),
        }
    }

    fn with_encoder(&self, folder: PathBuf) -> Option<StudentSettings> {
        Some(StudentSettings::new(Self { from: EncoderChoice::At(folder), ..self.clone() }))
    }

    fn trains_alone(&self) -> bool {
        true
    }
}

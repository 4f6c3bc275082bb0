//! Linear students: the smallest on vectors, numbers, categories and embeddings.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::kind;
use super::mlp::MlpStudentSettings;
use super::{PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};
use crate::task::Task;
use crate::training::TrainSettings;

/// The kind.
pub(super) static KIND: StudentKind = StudentKind {
    name: "linear",
    summary: "one layer on vectors, numbers, categories and the embeddings of a frozen text encoder",
    training: TrainSettings::head,
    alternatives: &[],
    of_teacher: &[],
    read: kind::read::<LinearStudentSettings>,
};

/// Settings of a linear student: those of an MLP student without a hidden layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearStudentSettings {
    /// The encoder by which texts are read: a folder or a name; without one they are not.
    pub encoder: Option<PathBuf>,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Numbers that each word of a category is known by.
    pub category_width: NonZeroUsize,
    /// Tokens kept of each text; as many as the encoder's folder says by default.
    pub max_length: Option<NonZeroUsize>,
}

impl Default for LinearStudentSettings {
    fn default() -> Self {
        let MlpStudentSettings { encoder, weight_decay, category_width, max_length, .. } =
            MlpStudentSettings::default();
        Self { encoder, weight_decay, category_width, max_length }
    }
}

impl Student for LinearStudentSettings {
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
        let Self { encoder, weight_decay, category_width, max_length } = self.clone();
        let network = MlpStudentSettings { encoder, hidden: None, weight_decay, category_width, max_length };
        network.prepare(task, resources, progress, cancelled)
    }

    fn encoder(&self) -> Option<&Path> {
        self.encoder.as_deref()
    }

    fn with_encoder(&self, folder: PathBuf) -> Option<StudentSettings> {
        Some(StudentSettings::new(Self { encoder: Some(folder), ..self.clone() }))
    }
}

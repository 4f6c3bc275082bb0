//! Settings of a static student.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_model::ngram::TablePrecision;
use lelp_model::static_embeddings::StaticConfig;
use serde::{Deserialize, Serialize};

use super::StaticWidth;
use super::train::PreparedStatic;
use crate::students::ngram::NgramStudentSettings;
use crate::students::{PreparedStudent, Resources, Student, StudentError, StudentKind, StudentSettings};
use crate::task::Task;
use crate::zero_as_none;

/// Width of a piece's vector by default, a third of the columns of a small encoder.
const WIDTH: NonZeroUsize = NonZeroUsize::new(128).expect("128 is above 0");

/// Shape of a static student, and what keeps it from overfitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaticStudentSettings {
    /// The encoder whose vectors it begins with, a folder or a name; the teacher's own by default.
    pub encoder: Option<PathBuf>,
    /// Values of a piece's vector; 128 by default, or as many as the encoder gives where that is fewer.
    pub static_width: Option<NonZeroUsize>,
    /// Units of the hidden `ReLU` layer, where there is one.
    #[serde(with = "zero_as_none::count")]
    pub hidden: Option<NonZeroUsize>,
    /// Probability with which each piece is left out of a training step.
    pub dropout: f32,
    /// Whether the vectors are saved in 8 bits.
    pub int8: bool,
}

impl Default for StaticStudentSettings {
    fn default() -> Self {
        let NgramStudentSettings { hidden, dropout, .. } = NgramStudentSettings::default();
        Self { encoder: None, static_width: None, hidden, dropout, int8: false }
    }
}

impl StaticStudentSettings {
    /// Tokens read of each text.
    pub(super) fn max_tokens() -> usize {
        NgramStudentSettings::default().features().max_tokens
    }

    /// How wide vectors are.
    pub(super) fn width(&self) -> StaticWidth {
        self.static_width.map_or(StaticWidth::UpTo(WIDTH), StaticWidth::Exactly)
    }

    /// The student's configuration for these classes, with vectors of `width` values.
    pub(super) fn config(&self, labels: Vec<String>, subclasses: usize, width: usize) -> StaticConfig {
        let (hidden, max_tokens) = (self.hidden, Self::max_tokens());
        let table = TablePrecision::F32;
        StaticConfig { labels, subclasses, width, hidden, table, max_tokens }
    }
}

impl Student for StaticStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &super::KIND
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

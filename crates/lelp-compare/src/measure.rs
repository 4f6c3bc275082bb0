//! A finished student on the test rows: answers, time, bytes.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::{Classified, ErrorKind, argmax};
use lelp_data::Dataset;
use lelp_data::storage::{self, FileError};
use lelp_model::model_bytes;
use lelp_train::evaluate::{Answers, EvaluateError, Report, report};
use lelp_train::students::{SavedStudent, StudentError, TrainedStudent};
use lelp_train::teachers::EmbeddingCache;
use thiserror::Error;

use crate::correct_rows::CorrectRows;

/// Why a student could not be measured.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// It cannot be written, or not answer.
    #[error(transparent)]
    Student(#[from] StudentError),
    /// Answers and labels do not fit.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The folder that it is written to for a moment cannot be made or removed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Classified for MeasureError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Student(error) => error.kind(),
            Self::Evaluate(error) => error.kind(),
            Self::File(error) => error.kind(),
        }
    }
}

/// Results of a student on the test rows.
#[derive(Debug)]
pub struct MeasuredStudent {
    /// Figures.
    pub report: Report,
    /// Which labelled rows it answers correctly.
    pub correct: CorrectRows,
    /// Bytes of its folder.
    pub bytes: u64,
}

/// What students are measured on and with.
#[derive(Debug, Clone, Copy)]
pub struct StudentMeasurement<'a> {
    /// The rows.
    pub test: &'a Dataset,
    /// The teacher's logits on them.
    pub teacher: Option<&'a [f32]>,
    /// A folder that a student is written to for a moment.
    pub scratch: &'a Path,
    /// Embeddings by frozen encoders.
    pub cache: &'a EmbeddingCache,
    /// Threads.
    pub threads: NonZeroUsize,
    /// Whether to stop.
    pub cancel: &'a AtomicBool,
}

impl StudentMeasurement<'_> {
    /// Writes, loads and asks a student, as one that is deployed.
    pub fn student(&self, model: &dyn TrainedStudent) -> Result<MeasuredStudent, MeasureError> {
        storage::remove(self.scratch)?;
        model.save(self.scratch)?;
        let bytes = model_bytes(self.scratch)?;
        let saved = SavedStudent { folder: self.scratch, cache: self.cache, threads: self.threads };
        let answers = model.answer(saved, self.test, self.cancel)?;
        storage::remove(self.scratch)?;
        let report = report(&answers, self.test, self.teacher)?;
        Ok(MeasuredStudent { correct: correct_rows(&answers, self.test), report, bytes })
    }
}

/// Which labelled rows are answered correctly.
fn correct_rows(answers: &Answers, data: &Dataset) -> CorrectRows {
    let classes = data.label_names().len();
    let rows = data.labels().unwrap_or_default().iter().zip(answers.logits.chunks_exact(classes));
    CorrectRows(
        rows.filter_map(|(label, logits)| label.map(|label| argmax(logits) == label as usize)).collect(),
    )
}

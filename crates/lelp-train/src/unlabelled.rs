//! Training rows of files without labels: read, held against the rows that a student is judged on, answered by the teacher.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use lelp::{Classified, ErrorKind};
use lelp_data::{ColumnSettings, DataError, Dataset, UnlabelledReport};
use thiserror::Error;

use crate::task::{Task, TaskError};
use crate::teachers::{EmbeddingCache, LoadedTeacher, ObtainedSignals, SignalsCache, SignalsRunError};

/// Files of rows without labels.
#[derive(Debug, Clone, Copy)]
pub struct UnlabelledFiles<'a> {
    /// The files.
    pub files: &'a [PathBuf],
    /// Names of their columns: those of the training file.
    pub columns: &'a ColumnSettings,
    /// What a row of them counts where a row of the training file counts 1.
    pub weight: f64,
}

/// Who answers rows, and where answers are kept.
#[derive(Debug, Clone, Copy)]
pub struct Answering<'a> {
    /// The teacher.
    pub teacher: &'a LoadedTeacher,
    /// Its signals.
    pub signals: &'a SignalsCache,
    /// Embeddings of the frozen encoder below it, where it has one.
    pub embeddings: Option<&'a EmbeddingCache>,
    /// Stops it once it is set.
    pub cancel: &'a AtomicBool,
}

/// What happens to a file of rows without labels.
#[derive(Debug, Clone, Copy)]
pub enum UnlabelledStep<'a> {
    /// It was read.
    Read(&'a UnlabelledReport),
    /// The teacher has answered some of its rows.
    Answered {
        /// Those rows.
        done: usize,
        /// All rows.
        rows: usize,
    },
    /// All of its rows are answered.
    Obtained {
        /// The answers.
        signals: &'a ObtainedSignals,
        /// The rows.
        data: &'a Dataset,
    },
}

/// Why files of rows without labels cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnlabelledError {
    /// A file cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The teacher cannot answer its rows.
    #[error(transparent)]
    Signals(#[from] SignalsRunError),
    /// The rows do not fit to the task.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl Classified for UnlabelledError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Data(error) => error.kind(),
            Self::Signals(error) => error.kind(),
            Self::Task(error) => error.kind(),
        }
    }
}

impl Answering<'_> {
    /// The teacher's signals on `data`, of an earlier run or of now.
    pub fn obtain(
        &self,
        data: &Dataset,
        progress: &mut dyn FnMut(usize),
    ) -> Result<ObtainedSignals, SignalsRunError> {
        self.signals.obtain(self.teacher, data, self.embeddings, progress, self.cancel)
    }

    /// `task` with the rows of `unlabelled` that are unlike its validation and test rows, and the teacher's signals on them.
    pub fn with_unlabelled(
        &self,
        task: Task,
        unlabelled: UnlabelledFiles<'_>,
        observer: &mut dyn FnMut(UnlabelledStep<'_>),
    ) -> Result<Task, UnlabelledError> {
        let screen = task.screen();
        let mut answered = Vec::with_capacity(unlabelled.files.len());
        for file in unlabelled.files {
            let (table, report) = screen.read(file, unlabelled.columns)?;
            observer(UnlabelledStep::Read(&report));
            let data = Dataset::unlabelled(table, file)?;
            let rows = data.rows();
            let signals =
                self.obtain(&data, &mut |done| observer(UnlabelledStep::Answered { done, rows }))?;
            observer(UnlabelledStep::Obtained { signals: &signals, data: &data });
            answered.push((data.table().clone(), signals.signals));
        }
        Ok(task.with_unlabelled(answered, unlabelled.weight)?)
    }
}

//! A data set and a teacher, made ready: the teacher taught where the recipe says so, its signals written.

mod hear;

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::storage::{FileError, sha256};
use lelp_data::{DataError, Dataset, SignalsFileError, SignalsFolder};
use lelp_model::classifier::AnswerError;
use lelp_model::encoder::EncoderError;
use lelp_model::teacher::{Teacher, TeacherError};
use lelp_train::distill::{Task, TaskError};
use lelp_train::evaluate::{Answers, EvaluateError, report, time};
use lelp_train::students::EncoderStudentError;
use lelp_train::teachers::{EmbedError, EmbeddingCache, FineTuneError, HeadTrainingError, SignalsRunError};
use thiserror::Error;

use hear::hear;

use crate::recipe::{DataEntry, TeacherEntry};
use crate::record::{Setting, TeacherRecord};

/// Where things are, and what may be used.
#[derive(Debug)]
pub struct Places<'a> {
    /// Folder that the paths of data sets start from.
    pub data: &'a Path,
    /// The comparison's folder.
    pub out: &'a Path,
    /// Embeddings by frozen encoders.
    pub kept: &'a EmbeddingCache,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// A data set with a teacher's signals, ready for students.
#[derive(Debug)]
pub struct Prepared {
    /// What the results say of it.
    pub record: TeacherRecord,
    /// Texts, labels, signals.
    pub task: Task,
    /// The rows that students are reported on.
    pub test: Dataset,
    /// The teacher's logits on them, `[rows, classes]`.
    pub test_logits: Option<Vec<f32>>,
    /// The teacher's folder, where it has one.
    pub teacher: Option<PathBuf>,
    /// What tells data, labels and teacher from any others.
    pub identity: String,
}

impl Prepared {
    /// What its cells with this student are about.
    #[must_use]
    pub fn setting(&self, student: &str) -> Setting {
        let TeacherRecord { data, teacher, .. } = &self.record;
        Setting { data: data.clone(), teacher: teacher.clone(), student: student.to_owned() }
    }

    /// Measures the teacher on the test rows, where its answers to them are there. A teacher without a folder cannot be
    /// asked, and takes no time.
    pub fn measure(&mut self, threads: NonZeroUsize, cancel: &AtomicBool) -> Result<(), PrepareError> {
        let Some(logits) = self.test_logits.clone() else { return Ok(()) };
        let elapsed = match &self.teacher {
            None => Duration::ZERO,
            Some(folder) => time(&Teacher::load(folder, threads)?, &self.test, cancel)?,
        };
        self.record.test = Some(report(&Answers { logits, elapsed }, &self.test, None)?);
        Ok(())
    }
}

/// What is being done, for a line of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The data set.
    pub data: &'a str,
    /// What is done with it.
    pub doing: &'static str,
    /// Rows that are done.
    pub done: usize,
    /// Rows in all.
    pub rows: usize,
}

/// Who is told of steps, also from the thread that fine-tunes.
pub type Progress<'a> = dyn FnMut(Step<'_>) + Send + 'a;

/// Why a data set and a teacher came to nothing.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The data set cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data and signals do not fit.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// There is nothing to report on.
    #[error("data set `{name}` (`{}`) has no test file, and a comparison reports on one", path.display())]
    NoTest {
        /// Its name.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder's embeddings cannot be had.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The teacher cannot be read or written.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// No head came of it.
    #[error(transparent)]
    Teach(#[from] HeadTrainingError),
    /// The encoder cannot be fine-tuned.
    #[error(transparent)]
    Source(#[from] EncoderStudentError),
    /// No fine-tuned teacher came of it.
    #[error(transparent)]
    FineTune(#[from] FineTuneError),
    /// The teacher did not answer.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The teacher cannot be measured.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// No signals came of it.
    #[error(transparent)]
    Signals(#[from] SignalsRunError),
    /// The signals cannot be read.
    #[error(transparent)]
    SignalsFile(#[from] SignalsFileError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Makes a data set and a teacher ready; what an earlier run left is used again. The teacher is not measured yet.
pub fn prepare(
    data: &DataEntry,
    teacher: &TeacherEntry,
    places: &Places<'_>,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<Prepared, PrepareError> {
    let path = if data.path.as_os_str() == "bundled" {
        places.out.join("bundled")
    } else {
        places.data.join(&data.path)
    };
    let heard = hear(data, &path, teacher, places, progress, cancel)?;
    let mut task = Task::open(&path, Some(&heard.signals), &data.columns)?;
    if let Some(count) = data.labelled {
        task = task.keep_labels(count);
    }
    let test =
        task.test().cloned().ok_or(PrepareError::NoTest { name: data.name.clone(), path: path.clone() })?;
    let test_logits = heard.test.as_deref().map(|folder| logits(folder, &test)).transpose()?;
    let signals = task.signals().expect("the task was opened with signals").description();
    let record = TeacherRecord {
        data: data.name.clone(),
        teacher: teacher.name.clone(),
        path,
        columns: data.columns.clone(),
        signals: heard.signals,
        teacher_hash: signals.teacher.clone(),
        data_hash: task.train().hash(),
        labels: task.labels().to_vec(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        test: None,
    };
    let identity = identity(&task, &test, &record);
    Ok(Prepared { record, task, test, test_logits, teacher: heard.teacher, identity })
}

/// What tells a task from any other: texts, labels and teacher, names and places apart.
fn identity(task: &Task, test: &Dataset, record: &TeacherRecord) -> String {
    let mut all = format!("{:?}\n{:?}\n", record.teacher_hash, record.labels);
    for data in [task.train(), task.validation(), test] {
        let _ = write!(all, "{}\n{:?}\n", data.hash(), data.signal_labels());
    }
    sha256(all.as_bytes())
}

fn logits(folder: &Path, data: &Dataset) -> Result<Vec<f32>, SignalsFileError> {
    let signals = SignalsFolder::open(folder)?;
    signals.check_data(data)?;
    signals.logits()
}

//! A data set and a teacher, made ready: the teacher trained where the recipe says so, its signals written.

mod error;
mod obtain_signals;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::storage::sha256;
use lelp_data::{Dataset, SignalsFileError, SignalsFolder};
use lelp_model::load_model;
use lelp_train::distill::Task;
use lelp_train::evaluate::{Answers, report, time};
use lelp_train::teachers::EmbeddingCache;
use serde_json::json;

use self::obtain_signals::obtain_signals;
use crate::progress::ProgressCallback;
use crate::recipe::{DataEntry, TeacherEntry};
use crate::record::{Setting, TeacherRecord};

pub use self::error::PrepareError;

/// Folders and threads of a comparison.
#[derive(Debug)]
pub struct Locations<'a> {
    /// Folder that the paths of data sets start from.
    pub data: &'a Path,
    /// The comparison's folder.
    pub out: &'a Path,
    /// Embeddings by frozen encoders.
    pub cache: &'a EmbeddingCache,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// A data set with a teacher's signals, ready for students.
#[derive(Debug)]
pub struct PreparedTask {
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
    /// Hash of data, labels and teacher.
    pub identity: String,
}

impl PreparedTask {
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
            Some(folder) => time(load_model(folder, threads)?.as_ref(), &self.test, cancel)?,
        };
        self.record.test = Some(report(&Answers { logits, elapsed }, &self.test, None)?);
        Ok(())
    }
}

/// Makes a data set and a teacher ready; what an earlier run left is used again. The teacher is not measured yet.
pub fn prepare(
    data: &DataEntry,
    teacher: &TeacherEntry,
    locations: &Locations<'_>,
    progress: &mut ProgressCallback<'_>,
    cancel: &AtomicBool,
) -> Result<PreparedTask, PrepareError> {
    let path = data.path.resolve(locations.data, locations.out);
    let location = obtain_signals(data, &path, teacher, locations, progress, cancel)?;
    let mut task = Task::open(&path, Some(&location.signals), &data.columns)?;
    if let Some(count) = data.labelled {
        task = task.keep_labels(count);
    }
    let test =
        task.test().cloned().ok_or(PrepareError::NoTest { name: data.name.clone(), path: path.clone() })?;
    let test_logits = location.test.as_deref().map(|folder| logits(folder, &test)).transpose()?;
    let signals = task.signals().expect("the task was opened with signals").description();
    let record = TeacherRecord {
        data: data.name.clone(),
        teacher: teacher.name.clone(),
        path,
        columns: data.columns.clone(),
        signals: location.signals,
        teacher_hash: signals.teacher.clone(),
        data_hash: task.train().hash(),
        labels: task.labels().to_vec(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        test: None,
    };
    let identity = identity(&task, &test, &record);
    Ok(PreparedTask { record, task, test, test_logits, teacher: location.teacher, identity })
}

/// What decides the results on a task: texts, labels and teacher, without their names and places.
fn identity(task: &Task, test: &Dataset, record: &TeacherRecord) -> String {
    let data = [task.train(), task.validation(), test];
    let data = data.map(|data| json!([data.hash(), data.signal_labels()]));
    sha256(json!([record.teacher_hash, record.labels, data]).to_string().as_bytes())
}

fn logits(folder: &Path, data: &Dataset) -> Result<Vec<f32>, SignalsFileError> {
    let signals = SignalsFolder::open(folder)?;
    signals.check_data(data)?;
    signals.logits()
}

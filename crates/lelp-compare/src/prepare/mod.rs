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
use lelp_train::teachers::{EmbeddingCache, LoadedTeacher, SignalsCache};
use lelp_train::unlabelled::{Answering, UnlabelledFiles, UnlabelledStep};
use serde_json::json;

use self::obtain_signals::obtain_signals;
use crate::progress::{ProgressCallback, ProgressStep};
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
    /// Teachers' signals on unlabelled rows.
    pub signals: &'a SignalsCache,
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
    if !data.unlabelled.is_empty() {
        task = with_unlabelled(task, data, location.teacher.as_deref(), locations, progress, cancel)?;
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
        data_hash: task.data_hash(),
        labels: task.labels().to_vec(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        test: None,
    };
    let identity = identity(&task, &test, &record, data.unlabelled_weight);
    Ok(PreparedTask { record, task, test, test_logits, teacher: location.teacher, identity })
}

/// The task with the unlabelled rows of its data set, which the teacher answers.
fn with_unlabelled(
    task: Task,
    data: &DataEntry,
    teacher: Option<&Path>,
    locations: &Locations<'_>,
    progress: &mut ProgressCallback<'_>,
    cancel: &AtomicBool,
) -> Result<Task, PrepareError> {
    let teacher =
        teacher.ok_or_else(|| PrepareError::UnlabelledWithoutTeacher { name: data.name.clone() })?;
    let teacher = LoadedTeacher::open(teacher, locations.threads)?;
    let answering = Answering {
        teacher: &teacher,
        signals: locations.signals,
        embeddings: Some(locations.cache),
        cancel,
    };
    let files: Vec<PathBuf> = data.unlabelled.iter().map(|file| locations.data.join(file)).collect();
    let files = UnlabelledFiles { files: &files, columns: &data.columns, weight: data.unlabelled_weight };
    let data = &data.name;
    let task = answering.with_unlabelled(task, files, &mut |step| {
        if let UnlabelledStep::Answered { done, rows } = step {
            progress(ProgressStep { data, activity: "signals on unlabelled rows", done, rows });
        }
    });
    Ok(task.map_err(Box::new)?)
}

/// What decides the results on a task: texts, labels and teacher, without their names and places.
fn identity(task: &Task, test: &Dataset, record: &TeacherRecord, unlabelled_weight: f64) -> String {
    let data = [task.train(), task.validation(), test];
    let data = data.map(|data| json!([data.hash(), data.signal_labels()]));
    let mut decides = vec![json!(record.teacher_hash), json!(record.labels), json!(data)];
    if task.file_rows() < task.train().rows() {
        decides.push(json!([task.file_rows(), unlabelled_weight]));
    }
    sha256(json!(decides).to_string().as_bytes())
}

fn logits(folder: &Path, data: &Dataset) -> Result<Vec<f32>, SignalsFileError> {
    let signals = SignalsFolder::open(folder)?;
    signals.check_data(data)?;
    signals.logits()
}

//! A data set and a teacher, made ready: the teacher trained where the recipe says so, its signals written.

mod error;
mod obtain_signals;
mod split_source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::storage::sha256;
use lelp_data::{Dataset, SignalsFileError, SignalsFolder, Splits};
use lelp_model::load_model;
use lelp_train::distill::{Task, TaskError};
use lelp_train::evaluate::{Answers, Report, report, time};
use lelp_train::teachers::{EmbeddingCache, LoadedTeacher, SignalsCache};
use lelp_train::unlabelled::{Answering, UnlabelledFiles, UnlabelledStep};
use serde_json::json;

use self::obtain_signals::obtain_signals;
use self::split_source::obtain_split_signals;
use crate::progress::{ProgressCallback, ProgressStep};
use crate::recipe::{DataEntry, TeacherEntry};
use crate::record::{MajorityRecord, Setting, TeacherRecord};

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

    /// Subclasses that every class can have: fewer than its rows by the teacher, and than dimensions beside the head's.
    #[must_use]
    pub fn most_subclasses(&self) -> usize {
        let width = self.task.signals().map_or(usize::MAX, |signals| signals.description().width);
        let dimensions = width.saturating_sub(self.task.labels().len());
        self.task.smallest_class().saturating_sub(1).min(dimensions).max(1)
    }

    /// Measures the answer that is most frequent in training, and the teacher on the test rows, where its answers to them are
    /// there. A teacher without a folder cannot be
    /// asked, and takes no time.
    pub fn measure(&mut self, threads: NonZeroUsize, cancel: &AtomicBool) -> Result<(), PrepareError> {
        self.record.majority = majority(&self.task, &self.test)?;
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
    let mut split_identity = None;
    if let Some(entry) = &teacher.split {
        let file = Splits::open(&path, &data.columns.columns(), Some(task.labels()))?.train;
        let of_teacher = task.signals().ok_or(TaskError::NothingToSplit)?;
        let split = obtain_split_signals(entry, data, of_teacher, &file, locations, progress, cancel)?;
        task = task.with_split_signals(split.signals)?;
        split_identity = Some(split.identity);
    }
    task = task.with_class_weights(&data.class_weights)?;
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
        split_signals: task.split_signals().map(|signals| signals.folder().to_owned()),
        teacher_hash: signals.teacher.clone(),
        data_hash: task.data_hash(),
        labels: task.labels().to_vec(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        test: None,
        majority: None,
    };
    let identity = identity(&task, &test, &record, data.unlabelled_weight, split_identity.as_deref());
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

/// The test rows answered with the most frequent class of the training rows; none where no training or no test row has a
/// label.
fn majority(task: &Task, test: &Dataset) -> Result<Option<MajorityRecord>, PrepareError> {
    let mut counts = vec![0_usize; task.labels().len()];
    let labels = task.train().labels().into_iter().flatten().flatten();
    labels.for_each(|&label| counts[label as usize] += 1);
    if counts.iter().all(|&count| count == 0) || test.labelled_rows() == 0 {
        return Ok(None);
    }
    let class = lelp::argmax(&counts);
    let row: Vec<f32> = (0..counts.len()).map(|other| f32::from(u8::from(other == class))).collect();
    let answers = Answers { logits: row.repeat(test.rows()), elapsed: Duration::ZERO };
    let Report { accuracy, macro_f1, .. } = report(&answers, test, None)?;
    Ok(Some(MajorityRecord { class: task.labels()[class].clone(), accuracy, macro_f1 }))
}

/// What decides the results on a task: texts, labels and teacher, without their names and places.
fn identity(
    task: &Task,
    test: &Dataset,
    record: &TeacherRecord,
    unlabelled_weight: f64,
    split: Option<&str>,
) -> String {
    let data = [task.train(), task.validation(), test];
    let data = data.map(|data| json!([data.hash(), data.signal_labels()]));
    let mut decides = vec![json!(record.teacher_hash), json!(record.labels), json!(data)];
    if task.file_rows() < task.train().rows() {
        decides.push(json!([task.file_rows(), unlabelled_weight]));
    }
    decides.extend(split.map(|split| json!(split)));
    decides.extend(task.class_weights().map(|weights| json!({ "class_weights": weights })));
    sha256(json!(decides).to_string().as_bytes())
}

fn logits(folder: &Path, data: &Dataset) -> Result<Vec<f32>, SignalsFileError> {
    let signals = SignalsFolder::open(folder)?;
    signals.check_data(data)?;
    signals.logits()
}

//! A training's place on disk, from which the same command goes on to the same bytes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lelp_data::storage::{self, FileError};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::evaluate::Score;
use super::record::EpochRecord;
use lelp_method::{NamedArray, TermSum};

const FILE: &str = "checkpoint.safetensors";
const PROGRESS: &str = "progress";

/// Prefixes of the two owners of arrays.
const STUDENT: &str = "student.";
const METHOD: &str = "method.";

/// Where and how often a training writes down its place.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    file: PathBuf,
    every: Duration,
    settings: Value,
}

/// Why a training cannot be saved, or cannot go on.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is damaged.
    #[error(
        "checkpoint `{}` is damaged ({reason}); delete it to start over", path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The training has other settings than the one that was stopped.
    #[error(
        "checkpoint `{}` was made with other settings: {}",
        path.display(),
        differences.join(", ")
    )]
    Settings {
        /// The file.
        path: PathBuf,
        /// Each setting that differs, with both values.
        differences: Vec<String>,
    },
}

/// How far a training had come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    settings: Value,
    /// The epoch that runs, from 1.
    pub(super) epoch: usize,
    /// Rows of it that are done.
    pub(super) done: usize,
    /// Seconds that they took.
    pub(super) seconds: f64,
    /// Sums of the terms over them.
    pub(super) sums: Vec<TermSum>,
    /// The best epoch so far, with its score.
    pub(super) best: Option<(usize, Score)>,
    /// The epochs that are done.
    pub(super) epochs: Vec<EpochRecord>,
}

/// What a training goes on from.
#[derive(Debug)]
pub(super) struct Resumed {
    pub(super) progress: Progress,
    pub(super) student: Vec<NamedArray>,
    pub(super) method: Vec<NamedArray>,
}

impl Checkpoints {
    /// Checkpoints in `folder`, at most one every `every`; a training goes on only under equal `settings`.
    pub fn new(folder: &Path, every: Duration, settings: &impl Serialize) -> Self {
        let settings = serde_json::to_value(settings).expect("settings are numbers, words and lists");
        Self { file: folder.join(FILE), every, settings }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether there is one to go on from.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.file.exists()
    }

    /// Deletes the checkpoint in `folder`, whatever training left it there; there may be none.
    pub fn remove(folder: &Path) -> Result<(), FileError> {
        storage::remove(&folder.join(FILE))
    }

    pub(super) fn every(&self) -> Duration {
        self.every
    }

    /// Writes a checkpoint in place of the last.
    pub(super) fn write(
        &self,
        progress: &Progress,
        student: &[NamedArray],
        method: &[NamedArray],
    ) -> Result<(), CheckpointError> {
        let progress = Progress { settings: self.settings.clone(), ..progress.clone() };
        let progress = serde_json::to_string(&progress).expect("numbers and words are JSON");
        let views = views(STUDENT, student).chain(views(METHOD, method));
        let metadata = HashMap::from([(PROGRESS.to_owned(), progress)]);
        let bytes = safetensors::serialize(views, Some(metadata)).expect("names differ and sizes fit");
        if let Some(folder) = self.file.parent() {
            storage::create_folder(folder)?;
        }
        Ok(storage::write(&self.file, &bytes)?)
    }

    /// Reads the checkpoint, where there is one.
    pub(super) fn read(&self) -> Result<Option<Resumed>, CheckpointError> {
        if !self.exists() {
            return Ok(None);
        }
        let bytes = storage::map(&self.file)?;
        let damaged = |reason: String| CheckpointError::Format { path: self.file.clone(), reason };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let progress = header.metadata().as_ref().and_then(|metadata| metadata.get(PROGRESS));
        let progress = progress.ok_or_else(|| damaged("it holds no progress".to_owned()))?;
        let progress: Progress =
            serde_json::from_str(progress).map_err(|error| damaged(error.to_string()))?;
        let mut differences = Vec::new();
        compare("", &progress.settings, &self.settings, &mut differences);
        if !differences.is_empty() {
            return Err(CheckpointError::Settings { path: self.file.clone(), differences });
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let (mut student, mut method) = (Vec::new(), Vec::new());
        for (name, view) in tensors.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("tensor `{name}` is not f32")));
            }
            let (chunks, _) = view.data().as_chunks::<4>();
            let values = chunks.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect();
            if let Some(name) = name.strip_prefix(STUDENT) {
                student.push(NamedArray { name: name.to_owned(), values });
            } else if let Some(name) = name.strip_prefix(METHOD) {
                method.push(NamedArray { name: name.to_owned(), values });
            }
        }
        Ok(Some(Resumed { progress, student, method }))
    }

    /// The arrays are not those of this student or method.
    pub(super) fn unfit(&self, reason: &impl ToString) -> CheckpointError {
        CheckpointError::Format { path: self.file.clone(), reason: reason.to_string() }
    }
}

impl Progress {
    /// Before the first batch, of a method with so many terms.
    pub(super) fn new(terms: usize) -> Self {
        Self {
            settings: Value::Null,
            epoch: 1,
            done: 0,
            seconds: 0.0,
            sums: vec![TermSum::default(); terms],
            best: None,
            epochs: Vec::new(),
        }
    }

    /// Turns to the next epoch.
    pub(super) fn next_epoch(&mut self) {
        self.epoch += 1;
        self.done = 0;
        self.seconds = 0.0;
        self.sums.fill(TermSum::default());
    }
}

/// The arrays as tensors, under `prefix` and their names.
fn views<'a>(prefix: &'a str, arrays: &'a [NamedArray]) -> impl Iterator<Item = (String, TensorView<'a>)> {
    arrays.iter().map(move |array| {
        let (length, bytes) = (array.values.len(), bytemuck::cast_slice(&array.values));
        let view = TensorView::new(Dtype::F32, vec![length], bytes).expect("four bytes for each value");
        (format!("{prefix}{}", array.name), view)
    })
}

/// Lists the places where two settings differ.
fn compare(path: &str, old: &Value, new: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(olds), Value::Object(news)) = (old, new) {
        let names: std::collections::BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let value =
                |table: &serde_json::Map<String, Value>| table.get(name).cloned().unwrap_or(Value::Null);
            compare(&path, &value(olds), &value(news), differences);
        }
    } else if old != new {
        differences.push(format!("`{path}` was {old}, is {new}"));
    }
}

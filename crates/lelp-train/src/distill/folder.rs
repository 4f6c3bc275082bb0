//! What a distillation leaves behind: the model, its directions, and how it came to be.

use std::path::{Path, PathBuf};

use lelp_data::SignalsFolder;
use lelp_data::storage::{self, FileError, FileHashes};
use serde::Serialize;
use thiserror::Error;

use super::settings::DistillSettings;
use super::{Distilled, Task};
use crate::students::StudentError;
use crate::training::ValidationRecord;

/// `run.json`: every setting, the hashes of what went in, and what came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord<'a> {
    /// Version of lelp.
    pub version: &'static str,
    /// All settings; the same in TOML is a recipe.
    pub settings: &'a DistillSettings,
    /// Names of the classes.
    pub labels: &'a [String],
    /// Training rows, held-out ones apart.
    pub train_rows: usize,
    /// Training rows that have a label.
    pub labelled_rows: usize,
    /// Rows that the best epoch was chosen on.
    pub validation_rows: usize,
    /// Of the training rows, those of files without labels.
    pub unlabelled_rows: usize,
    /// SHA-256 of the training file's texts, held-out ones apart.
    pub data_hash: String,
    /// Hash of the teacher, as its signals have it.
    pub teacher_hash: Option<&'a str>,
    /// Signals whose embeddings classes were split by, where those were not the teacher's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_signals: Option<&'a Path>,
    /// Threads that were used; the result does not depend on them.
    pub threads: usize,
    /// The epoch that was kept.
    pub best_epoch: usize,
    /// Its score on the validation rows.
    pub validation: Option<ValidationRecord>,
    /// Seconds of training.
    pub seconds: f64,
    /// SHA-256 of `model.safetensors`.
    pub model_hash: String,
    /// SHA-256 of every other file of the folder.
    pub files: FileHashes,
}

/// Why a student could not be saved.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is a model already.
    #[error("`{}` holds a model already", .0.display())]
    Exists(PathBuf),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The model could not be written.
    #[error(transparent)]
    Model(#[from] StudentError),
}

/// Refuses a folder that holds a model, unless it may be overwritten.
pub fn check_free(folder: &Path, overwrite: bool) -> Result<(), FolderError> {
    if !overwrite && folder.join("config.json").exists() {
        return Err(FolderError::Exists(folder.to_owned()));
    }
    Ok(())
}

/// Writes model, directions, `metrics.jsonl` and `run.json` as the folder `folder`, which appears whole or stays as it was.
pub fn save(
    folder: &Path,
    distilled: &Distilled,
    task: &Task,
    settings: &DistillSettings,
    threads: usize,
) -> Result<(), FolderError> {
    storage::write_folder(folder, |folder| {
        distilled.student.save(folder)?;
        settings.columns.with_pair_of(task.train().schema()).remember(folder)?;
        if let Some(found) = &distilled.fit {
            storage::write(&folder.join("lelp.safetensors"), &found.to_bytes())?;
        }
        storage::write(&folder.join("metrics.jsonl"), distilled.report.metrics().as_bytes())?;
        let model_hash = storage::sha256(&storage::map(&folder.join("model.safetensors"))?);
        let files = FileHashes::of(folder)?;
        let record = RunRecord { model_hash, files, ..record(distilled, task, settings, threads) };
        Ok(storage::write(&folder.join("run.json"), &storage::pretty_json(&record))?)
    })
}

fn record<'a>(
    distilled: &Distilled,
    task: &'a Task,
    settings: &'a DistillSettings,
    threads: usize,
) -> RunRecord<'a> {
    let report = &distilled.report;
    RunRecord {
        version: env!("CARGO_PKG_VERSION"),
        settings,
        labels: task.labels(),
        train_rows: task.train().rows(),
        labelled_rows: task.train().labelled_rows(),
        validation_rows: task.validation().rows(),
        unlabelled_rows: task.train().rows() - task.file_rows(),
        data_hash: task.data_hash(),
        split_signals: task.split_signals().map(SignalsFolder::folder),
        teacher_hash: task.signals().and_then(|signals| signals.description().teacher.as_deref()),
        threads,
        best_epoch: report.best_epoch,
        validation: report.best().and_then(|epoch| epoch.validation),
        seconds: report.seconds,
        model_hash: String::new(),
        files: FileHashes::default(),
    }
}

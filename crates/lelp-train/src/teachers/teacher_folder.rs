//! A fine-tuned teacher's folder: how it was made stands beside it, and what was stopped goes on.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lelp_data::ColumnSettings;
use lelp_data::storage::{self, FileHashes};
use serde::Serialize;

use super::fine_tuning::{FineTuneError, FineTuning};
use crate::encoder::EncoderTrainSettings;
use crate::training::{Checkpoints, Event, TrainReport, TrainSettings, TrainingLog, ValidationRecord};
use lelp_method::{CeSettings, SubclassTeacherSettings};

/// Where a fine-tuned teacher goes.
#[derive(Debug, Clone, Copy)]
pub struct TeacherFolder<'a> {
    /// The folder.
    pub path: &'a Path,
    /// What `run.json` calls the encoder.
    pub encoder: &'a str,
    /// Names of the columns that it reads.
    pub columns: &'a ColumnSettings,
    /// Time between two checkpoints; there is one after each epoch too.
    pub checkpoint_every: Duration,
    /// Folder of `TensorBoard` events, where they are wanted.
    pub tensorboard: Option<&'a Path>,
}

/// Everything that decides what the teacher becomes: a training goes on only where all of it is the same.
#[derive(Debug, Serialize)]
struct Settings {
    version: &'static str,
    encoder_hash: String,
    train_hash: String,
    labels_hash: String,
    validation_hash: String,
    max_length: usize,
    labels: CeSettings,
    subclasses: Option<SubclassTeacherSettings>,
    encoder: EncoderTrainSettings,
    train: TrainSettings,
}

/// `run.json` of the teacher.
#[derive(Debug, Serialize)]
struct RunRecord<'a> {
    settings: &'a Settings,
    encoder: &'a str,
    labels: &'a [String],
    best_epoch: usize,
    validation: Option<ValidationRecord>,
    seconds: f64,
    /// SHA-256 of every other file.
    files: FileHashes,
}

impl FineTuning<'_> {
    /// Trains, from the folder's checkpoint on where it holds one of the same settings, and writes there: the encoder
    /// with its head as `transformers` reads them, `metrics.jsonl` epoch by epoch, and `run.json`.
    pub fn train(
        &self,
        folder: &TeacherFolder<'_>,
        threads: NonZeroUsize,
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<TrainReport, FineTuneError> {
        let settings = self.all_settings()?;
        let checkpoints = Checkpoints::new(folder.path, folder.checkpoint_every, &settings);
        let mut log = TrainingLog::new(folder.path, folder.tensorboard)?;
        let mut event = |event: Event<'_>| {
            log.event(&event);
            observer(event);
        };
        let (student, report) = self.run(Some(&checkpoints), threads, &mut event, cancelled)?;
        log.finish()?;
        let labels = self.train.label_names();
        let columns = folder.columns;
        let mut record = RunRecord {
            settings: &settings,
            encoder: folder.encoder,
            labels,
            best_epoch: report.best_epoch,
            validation: report.best().and_then(|epoch| epoch.validation),
            seconds: report.seconds,
            files: FileHashes::default(),
        };
        // The checkpoint goes with what was in the folder before.
        storage::write_folder(folder.path, |folder| {
            self.source.save(folder, &student, labels, self.per_class())?;
            columns.remember(folder)?;
            storage::write(&folder.join("metrics.jsonl"), report.metrics().as_bytes())?;
            record.files = FileHashes::of(folder)?;
            Ok::<_, FineTuneError>(storage::write(&folder.join("run.json"), &storage::pretty_json(&record))?)
        })?;
        Ok(report)
    }

    fn all_settings(&self) -> Result<Settings, FineTuneError> {
        Ok(Settings {
            version: env!("CARGO_PKG_VERSION"),
            encoder_hash: self.source.hash()?,
            train_hash: self.train.hash(),
            labels_hash: self.train.labels_hash(),
            validation_hash: self.validation.hash(),
            max_length: self.source.tokenizer().max_length(),
            labels: self.labels,
            subclasses: self.subclasses,
            encoder: self.encoder,
            train: self.settings,
        })
    }
}

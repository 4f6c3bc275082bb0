//! The folder that `lelp distill` wrote.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use lelp_compare::record::Setting;
use lelp_data::Dataset;
use lelp_model::load_model;
use lelp_train::distill::DistillSettings;
use lelp_train::evaluate::{Report, answer, report};
use lelp_train::training::EpochRecord;
use serde::Deserialize;
use serde_json::Value;

use super::material::{Material, Reason, words};
use super::{RUN, ReadError, Reader, lines};
use crate::story::{Group, Kind, MethodResult, Run, Settings, Story};

/// What is read of `run.json`; the page shows all of it.
#[derive(Deserialize)]
struct RunFile {
    settings: DistillSettings,
    labels: Vec<String>,
    data_hash: String,
    teacher_hash: Option<String>,
}

/// A student's folder, read.
pub(super) struct StudentFolder {
    run: RunFile,
    /// All of `run.json`.
    pub(super) all: Value,
    pub(super) epochs: Vec<EpochRecord>,
}

impl StudentFolder {
    pub(super) fn read(folder: &Path) -> Result<Self, ReadError> {
        let file = folder.join(RUN);
        let all: Value = lines::value(&file)?;
        let run = RunFile::deserialize(&all).map_err(|source| ReadError::NoStudent { file, source })?;
        let mut epochs = Vec::new();
        let metrics = folder.join("metrics.jsonl");
        if metrics.is_file() {
            lines::each(&metrics, |epoch| epochs.push(epoch))?;
        }
        Ok(Self { run, all, epochs })
    }

    pub(super) fn settings(&self) -> &DistillSettings {
        &self.run.settings
    }

    /// Data set, teacher and student by name.
    pub(super) fn setting(&self) -> Setting {
        let settings = &self.run.settings;
        let teacher = self
            .run
            .teacher_hash
            .as_ref()
            .map(|hash| format!("teacher {}", hash.chars().take(8).collect::<String>()));
        Setting {
            data: name(&settings.data),
            teacher: teacher.unwrap_or_else(|| "no teacher".to_owned()),
            student: settings.model.name().to_owned(),
        }
    }

    pub(super) fn material<'a>(&'a self, folder: &'a Path) -> Material<'a> {
        let settings = &self.run.settings;
        Material {
            folder,
            data: &settings.data,
            signals: settings.signals.as_deref(),
            columns: &settings.columns,
            labels: &self.run.labels,
            data_hash: &self.run.data_hash,
            teacher_hash: self.run.teacher_hash.as_deref(),
            method: &settings.distill.base,
            seed: settings.train.seed,
            fit: Some(folder.join("lelp.safetensors")),
        }
    }
}

/// The last part of a path, or all of it.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// One student, with its answers to the test rows where its data are still there.
pub(super) fn read(folder: &Path, reader: &mut Reader<'_>) -> Result<Story, ReadError> {
    let student = StudentFolder::read(folder)?;
    let mut story = Story::new(Kind::Student, folder.to_owned());
    let setting = student.setting();
    let material = student.material(folder);
    let mut test = None;
    match material.splits() {
        Ok(splits) => {
            match tested(folder, splits.test.as_ref(), reader) {
                Ok(report) => test = Some(report),
                Err(reason) => story.leave_out("figures on test rows", reason),
            }
            match material.look([&setting.data, &setting.teacher], &splits.train, reader) {
                Ok(look) => story.looks.push(look),
                Err(reason) => story.leave_out("embeddings and subclasses", reason),
            }
        }
        Err(reason) => story.leave_out("figures on test rows, embeddings and subclasses", reason),
    }
    if reader.cancel.load(Ordering::Relaxed) {
        return Err(ReadError::Cancelled);
    }
    story.leave_out("speed", "it differs each time it is measured, and a page must not; lelp eval tells it");
    let run = Run { seed: student.settings().train.seed, test, epochs: student.epochs.clone() };
    let (method, bytes) = (student.settings().distill.name(), Some(bytes(folder)?));
    let result = MethodResult { method, runs: vec![run], trials: Vec::new(), bytes, against_baseline: None };
    story.groups.push(Group { setting, teacher: None, methods: vec![result] });
    story.settings.push(Settings { heading: "run.json".to_owned(), values: student.all });
    Ok(story)
}

/// Figures on the test rows, the time left out.
fn tested(folder: &Path, test: Option<&Dataset>, reader: &mut Reader<'_>) -> Result<Report, Reason> {
    let test = test.ok_or("the data set has no test file")?;
    let model = load_model(folder, reader.threads).map_err(|error| words(&error))?;
    (reader.tell)(&format!("{} test rows, to be answered", test.rows()));
    let answers = answer(model.as_ref(), test, &mut |_| {}, reader.cancel).map_err(|error| words(&error))?;
    let report = report(&answers, test, None).map_err(|error| words(&error))?;
    Ok(Report { microseconds_per_text: f64::NAN, ..report })
}

/// Bytes of the files that the student needs to answer.
fn bytes(folder: &Path) -> Result<u64, ReadError> {
    let files = ["config.json", "model.safetensors", "tokenizer.json"].map(|name| folder.join(name));
    let sizes = files.iter().filter(|path| path.is_file()).map(|path| {
        let size = fs::metadata(path).map(|file| file.len());
        size.map_err(|source| lelp_data::storage::FileError::Read { path: path.clone(), source })
    });
    Ok(sizes.sum::<Result<u64, _>>()?)
}

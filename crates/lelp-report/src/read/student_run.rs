//! Reading the folder of one student.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use lelp_compare::record::Setting;
use lelp_data::storage::FileHashes;
use lelp_data::{Dataset, read_json, read_json_lines};
use lelp_model::{CascadeChoice, load_model, model_bytes};
use lelp_train::distill::DistillSettings;
use lelp_train::evaluate::{Report, answer, report};
use lelp_train::training::EpochRecord;
use serde::Deserialize;
use serde_json::Value;

use super::omission_reason::OmissionReason;
use super::run_inputs::RunInputs;
use super::{RUN_FILE, ReadContext, ReadError};
use crate::run_report::{MethodResult, ResultGroup, RunKind, RunReport, SeedRun, SettingsSection};

/// The fields of `run.json` that are needed here; the page shows all of them.
#[derive(Deserialize)]
struct RunFile {
    settings: DistillSettings,
    labels: Vec<String>,
    data_hash: String,
    teacher_hash: Option<String>,
    split_signals: Option<PathBuf>,
    #[serde(default)]
    files: FileHashes,
}

/// The records in a student's folder.
pub(super) struct StudentFolder {
    run: RunFile,
    /// All of `run.json`.
    pub(super) all: Value,
    pub(super) epochs: Vec<EpochRecord>,
}

impl StudentFolder {
    pub(super) fn read(folder: &Path) -> Result<Self, ReadError> {
        let file = folder.join(RUN_FILE);
        let all: Value = read_json(&file)?;
        let run = RunFile::deserialize(&all).map_err(|source| ReadError::NoStudent { file, source })?;
        run.files.check(folder)?;
        let mut epochs = Vec::new();
        let metrics = folder.join("metrics.jsonl");
        if metrics.is_file() {
            read_json_lines(&metrics, |epoch| epochs.push(epoch))?;
        }
        Ok(Self { run, all, epochs })
    }

    pub(super) fn settings(&self) -> &DistillSettings {
        &self.run.settings
    }

    /// Names of data set, teacher and student.
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
            student: settings.model.kind().name.to_owned(),
        }
    }

    pub(super) fn inputs<'a>(&'a self, folder: &'a Path) -> RunInputs<'a> {
        let settings = &self.run.settings;
        RunInputs {
            folder,
            data: &settings.data,
            signals: settings.signals.as_deref(),
            split_signals: self.run.split_signals.as_deref(),
            columns: &settings.columns,
            labels: &self.run.labels,
            data_hash: &self.run.data_hash,
            teacher_hash: self.run.teacher_hash.as_deref(),
            method: Some(&settings.distill.base),
            seed: settings.train.seed,
            fit: Some(folder.join("lelp.safetensors")),
        }
    }
}

/// The last component of a path, or all of it where it has none.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Reads one student, with its metrics on the test rows where its data still exist.
pub(super) fn read(folder: &Path, context: &mut ReadContext<'_>) -> Result<RunReport, ReadError> {
    let student = StudentFolder::read(folder)?;
    let mut run = RunReport::new(RunKind::Student, folder.to_owned());
    run.cascade = CascadeChoice::of(folder)?;
    let setting = student.setting();
    let inputs = student.inputs(folder);
    let mut test = None;
    match inputs.splits() {
        Ok(splits) => {
            match test_metrics(folder, splits.test.as_ref(), context) {
                Ok(report) => test = Some(report),
                Err(reason) => run.omit("metrics on the test rows", &reason),
            }
            match inputs.analyse([&setting.data, &setting.teacher], &splits.train, context) {
                Ok(analysis) => run.analyses.push(analysis),
                Err(reason) => run.omit("embeddings and subclasses", &reason),
            }
        }
        Err(reason) => run.omit("metrics on the test rows, embeddings and subclasses", &reason),
    }
    if context.cancelled.load(Ordering::Relaxed) {
        return Err(ReadError::Cancelled);
    }
    run.omit("speed", &OmissionReason::NotReproducible);
    let seed_run = SeedRun { seed: student.settings().train.seed, test, epochs: student.epochs.clone() };
    let (method, bytes) = (student.settings().distill.name(), Some(model_bytes(folder)?));
    let result =
        MethodResult { method, runs: vec![seed_run], trials: Vec::new(), bytes, against_baseline: None };
    run.groups.push(ResultGroup { setting, teacher: None, methods: vec![result] });
    run.settings.push(SettingsSection { heading: "run.json".to_owned(), values: student.all });
    Ok(run)
}

/// Metrics on the test rows, without the time.
fn test_metrics(
    folder: &Path,
    test: Option<&Dataset>,
    context: &mut ReadContext<'_>,
) -> Result<Report, OmissionReason> {
    let test = test.ok_or(OmissionReason::NoTestFile)?;
    let model = load_model(folder, context.threads)?;
    (context.progress)(&format!("{} test rows, to evaluate the student", test.rows()));
    let answers = answer(model.as_ref(), test, &mut |_| {}, context.cancelled)?;
    let report = report(&answers, test, None)?;
    Ok(Report { microseconds_per_text: f64::NAN, ..report })
}

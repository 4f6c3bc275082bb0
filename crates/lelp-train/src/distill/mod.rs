//! Distillation: a task and settings in, a student out.
//!
//! [`Task`] holds what every method and seed shares: texts, labels, the teacher's signals. [`Distillation`]
//! trains one student on it. [`search`] chooses settings on the validation rows.

mod folder;
mod grid;
mod recipe;
mod search;
mod seeds;
mod settings;
mod split;
mod task;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use lelp::{Beta, Evidence, Members, SettingError, SplitSettings, SubclassFit, Temperature};
use lelp_infer::ngram::NgramModel;
use thiserror::Error;

pub use folder::{FolderError, RunRecord, check_free, save};
pub use grid::{TRIALS, grid};
pub use recipe::{Recipe, RecipeError};
pub use search::{Trial, Tried, search};
pub use seeds::{Spread, Students, Summary, over_seeds};
pub use settings::{ColumnSettings, DistillSettings, NgramOptions, StudentSettings};
pub use split::{Sharp, SplitError, evidence, fit, targets, targets_as_sharp};
pub use task::{Task, TaskError, TaskInputs};

use crate::data::SignalsFolder;
use crate::method::{LelpSettings, MethodError, MethodSettings, Supervision};
use crate::model::{NgramSettings, NgramStudent, StudentError};
use crate::run::{Event, TrainError, TrainReport, TrainSettings, Training, Validation, train};

/// Why no student came of it.
#[derive(Debug, Error)]
pub enum DistillError {
    /// The signals could not be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Method and data do not fit.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// The student cannot be built.
    #[error(transparent)]
    Student(#[from] StudentError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The method learns from a teacher, and there is none.
    #[error("method `{method}` learns from a teacher: give its signals, or use method `ce`")]
    NoSignals {
        /// The method.
        method: &'static str,
    },
}

/// A trained student.
#[derive(Debug)]
pub struct Distilled {
    /// The student, ready to answer.
    pub model: NgramModel,
    /// What splits its classes, where the method does.
    pub fit: Option<SubclassFit>,
    /// How training went.
    pub report: TrainReport,
}

/// Students on one task.
#[derive(Debug)]
pub struct Distillation<'a> {
    task: &'a Task,
    inputs: &'a TaskInputs,
    threads: NonZeroUsize,
    /// Evidence of the signals, gathered once for each rule of membership: it serves every number of subclasses.
    by_teacher: OnceLock<Evidence>,
    by_label: OnceLock<Evidence>,
}

impl<'a> Distillation<'a> {
    /// Students on `task`, whose texts have the features `inputs`.
    #[must_use]
    pub fn new(task: &'a Task, inputs: &'a TaskInputs, threads: NonZeroUsize) -> Self {
        Self { task, inputs, threads, by_teacher: OnceLock::new(), by_label: OnceLock::new() }
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> &'a Task {
        self.task
    }

    /// Trains one student; `inputs` must have been extracted with the features of `student`.
    pub fn train(
        &self,
        method: &MethodSettings,
        student: &NgramOptions,
        settings: &TrainSettings,
        watch: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<Distilled, DistillError> {
        method.check()?;
        let split = self.split(method, settings.seed)?;
        let (fit, targets) = split.unzip();
        let rows = self.task.train.rows();
        let supervision = Supervision {
            rows,
            classes: self.task.labels.len(),
            labels: self.task.train.labels(),
            logits: self.task.logits.as_deref(),
            targets: targets.as_deref(),
        };
        let method = method.build(supervision)?;
        let config = student.config(self.task.labels.clone(), method.subclasses());
        let learning = NgramSettings { optimizer: settings.optimizer, dropout: student.dropout };
        let mut student = NgramStudent::new(config, &self.inputs.train, &learning, settings.seed)?;
        let validation = &self.task.validation;
        let training = Training {
            inputs: &self.inputs.train,
            rows,
            method: method.as_ref(),
            validation: Some(Validation {
                inputs: &self.inputs.validation,
                labels: &validation.classes,
                metric: validation.metric,
            }),
        };
        let report = train(&mut student, &training, settings, self.threads, watch, cancelled)?;
        Ok(Distilled { model: student.model()?, fit, report })
    }

    fn evidence(
        &self,
        signals: &SignalsFolder,
        split: &SplitSettings,
        members: Members,
    ) -> Result<&Evidence, SplitError> {
        let kept = match members {
            Members::Teacher => &self.by_teacher,
            Members::Label => &self.by_label,
        };
        if let Some(evidence) = kept.get() {
            return Ok(evidence);
        }
        let evidence = evidence(signals, split, members, None, self.threads)?;
        Ok(kept.get_or_init(|| evidence))
    }

    /// Split and targets on the training rows, for methods that split classes.
    fn split(
        &self,
        method: &MethodSettings,
        seed: u64,
    ) -> Result<Option<(SubclassFit, Vec<f32>)>, DistillError> {
        let needs = method.needs();
        let Some(signals) = &self.task.signals else {
            let needed = needs.logits || needs.targets;
            return if needed { Err(DistillError::NoSignals { method: method.name() }) } else { Ok(None) };
        };
        let MethodSettings::Lelp(settings) = method else { return Ok(None) };
        let split = SplitSettings::Directions(fit_settings(settings, seed)?);
        let evidence = self.evidence(signals, &split, settings.members)?;
        let fit = fit(signals, evidence, &split, None, self.threads)?;
        let (sharp, temperature) =
            (Sharp::Beta(Beta::new(settings.beta)?), Temperature::new(settings.temperature)?);
        let (targets, _) = targets_as_sharp(signals, &fit, None, sharp, temperature, self.threads)?;
        let columns = fit.outputs();
        let targets = match &self.task.train_rows {
            None => targets,
            Some(rows) => task::gather(&targets, columns, rows),
        };
        Ok(Some((fit, targets)))
    }
}

/// How directions are found for a method's settings; the student's seed also turns the directions.
fn fit_settings(method: &LelpSettings, seed: u64) -> Result<lelp::LelpSettings, DistillError> {
    let none = MethodError::Setting { name: "subclasses", value: 0.0, range: "1 or more" };
    let subclasses = NonZeroUsize::new(method.subclasses).ok_or(none)?;
    let (null_space, rotation) = (method.null_space, method.rotation);
    Ok(lelp::LelpSettings { subclasses, null_space, rotation, seed, ..lelp::LelpSettings::default() })
}

//! Distillation: a task and settings in, a student out.
//!
//! [`Task`] holds what every method and seed shares: texts, labels, the teacher's signals. [`Distiller`]
//! trains one student on it.

mod embeddings;
mod folder;
mod settings;
mod settings_table;
mod split_signals;
mod student;
mod subclasses;
mod task;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use lelp::{FittedSplit, SettingError};
use thiserror::Error;

pub use folder::{FolderError, RunRecord, check_free, save};
pub use settings::{
    ColumnSettings, DistillSettings, EncoderOptions, MlpStudentSettings, NgramStudentSettings, Spacing,
    StudentSettings,
};
pub use settings_table::{SettingsTable, SettingsTableError};
pub use split_signals::{
    SplitError, SplitSharpness, fit_split, split_beta, split_statistics, split_targets, split_targets_at,
};
pub use student::{
    EncoderModel, EncoderTexts, MlpModel, MlpTexts, NgramTexts, StudentModel, StudentModelError, TaskInputs,
};
pub use task::{Task, TaskError};

use embeddings::TrainingEmbeddings;
use student::TrainingJob;
use subclasses::Subclasses;

use crate::students::Trainable;
use crate::training::{
    Checkpoints, Event, TrainError, TrainReport, TrainSettings, Training, Validation, train,
};
use lelp_data::SignalsEmbeddings;
use lelp_method::{MethodError, Objective, StudentShape, Supervision, TeacherEmbeddings};

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
    Student(#[from] StudentModelError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The teacher has one output a class.
    #[error(
        "method `subclass` matches a teacher's own subclasses, but these signals have none; train the teacher with subclasses, or use method `lelp`"
    )]
    NoSubclasses,
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The method learns from a teacher, and there is none.
    #[error("method `{method}` learns from a teacher: give its signals, or use method `ce`")]
    NoSignals {
        /// The method.
        method: String,
    },
}

/// A trained student.
#[derive(Debug)]
pub struct Distilled {
    /// The student, ready to answer.
    pub model: StudentModel,
    /// What splits its classes, where the method does.
    pub fit: Option<FittedSplit>,
    /// How training went.
    pub report: TrainReport,
}

/// Students on one task.
#[derive(Debug)]
pub struct Distiller<'a> {
    task: &'a Task,
    inputs: &'a TaskInputs,
    threads: NonZeroUsize,
    /// What splits of classes were fitted on, gathered once.
    subclasses: Subclasses,
    /// The teacher's embeddings, mapped by the first method that reads them.
    embeddings: OnceLock<SignalsEmbeddings>,
}

impl<'a> Distiller<'a> {
    /// Students on `task`, whose texts have the features `inputs`.
    #[must_use]
    pub fn new(task: &'a Task, inputs: &'a TaskInputs, threads: NonZeroUsize) -> Self {
        Self { task, inputs, threads, subclasses: Subclasses::default(), embeddings: OnceLock::new() }
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> &'a Task {
        self.task
    }

    /// Trains one student; the inputs must have been made for students of this kind.
    ///
    /// With `checkpoints` a student that trains long goes on where it was stopped.
    ///
    /// # Panics
    /// If the inputs are those of another kind of student.
    pub fn train(
        &self,
        method: &Objective,
        student: &StudentSettings,
        settings: &TrainSettings,
        checkpoints: Option<&Checkpoints>,
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<Distilled, DistillError> {
        method.check()?;
        if method.needs().teacher() && self.task.signals.is_none() {
            return Err(DistillError::NoSignals { method: method.name() });
        }
        let targets = self.subclasses.targets(self.task, &method.base, settings.seed, self.threads)?;
        let method = &method.with_subclasses(targets.as_ref().map(|targets| targets.per_class));
        let embeddings = self.embeddings(method)?;
        let supervision = Supervision {
            rows: self.task.train.rows(),
            classes: self.task.labels.len(),
            labels: self.task.train.labels(),
            logits: self.task.logits.as_deref(),
            targets: targets.as_ref().map(|targets| targets.values.as_slice()),
            embeddings: embeddings.as_ref().map(|embeddings| embeddings as &dyn TeacherEmbeddings),
        };
        let (task, threads) = (self.task, self.threads);
        let job = TrainingJob { task, method, supervision, settings, checkpoints, threads };
        let mut control = TrainingControl { observer, cancelled };
        let (model, report) = match (student, self.inputs) {
            (StudentSettings::Ngram(options), TaskInputs::Ngram(texts)) => {
                texts.train(options, &job, &mut control)
            }
            (StudentSettings::Encoder(options), TaskInputs::Encoder(texts)) => {
                texts.train(options, &job, &mut control)
            }
            (StudentSettings::Mlp(options), TaskInputs::Mlp(texts)) => {
                texts.train(options, &job, &mut control)
            }
            _ => panic!("the inputs of a task must be those of its students"),
        }?;
        let fit = targets.as_ref().and_then(|targets| targets.fit.clone());
        Ok(Distilled { model, fit, report })
    }

    /// The teacher's embeddings of the training rows, for methods that read them.
    fn embeddings(&self, method: &Objective) -> Result<Option<TrainingEmbeddings<'_>>, DistillError> {
        let Some(signals) = &self.task.signals else { return Ok(None) };
        if !method.needs().teacher_embedding {
            return Ok(None);
        }
        let stored = if let Some(stored) = self.embeddings.get() {
            stored
        } else {
            let opened = signals.embeddings().map_err(SplitError::from)?;
            self.embeddings.get_or_init(|| opened)
        };
        Ok(Some(TrainingEmbeddings { stored, rows: self.task.train_rows.as_deref() }))
    }
}

/// What follows the progress of a training, and what can stop it.
struct TrainingControl<'a> {
    observer: &'a mut (dyn FnMut(Event<'_>) + Send),
    cancelled: &'a AtomicBool,
}

impl TrainingJob<'_> {
    /// Trains `student`, of any kind.
    fn train<I: Sync, S: Trainable<I>>(
        &self,
        student: &mut S,
        inputs: &I,
        validation: &I,
        control: &mut TrainingControl<'_>,
    ) -> Result<TrainReport, DistillError> {
        let TrainSettings { optimizer, seed, .. } = *self.settings;
        let shape = StudentShape { embedding: student.embedding(), optimizer, seed };
        let mut method = self.method.build(self.supervision, &shape)?;
        let rows = &self.task.validation;
        let training = Training {
            inputs,
            rows: self.task.train.rows(),
            method: method.as_mut(),
            validation: Some(Validation { inputs: validation, labels: &rows.classes, metric: rows.metric }),
            checkpoints: self.checkpoints,
        };
        Ok(train(student, training, self.settings, self.threads, &mut *control.observer, control.cancelled)?)
    }
}

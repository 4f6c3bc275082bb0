//! Distillation: a task and settings in, a student out.
//!
//! [`Task`] holds what every method and seed shares: texts, labels, the teacher's signals. [`Distiller`]
//! trains one student on it.

mod embeddings;
mod folder;
mod majority;
mod settings;
mod settings_table;
mod split_encoder;
mod split_signals;
mod subclasses;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use lelp::FittedSplit;
use lelp_data::SignalsEmbeddings;
use lelp_method::{MethodError, Objective, Supervision, TeacherEmbeddings};
use thiserror::Error;

pub use crate::class_weights::{ClassWeightRule, ClassWeights, ClassWeightsError};
pub use crate::task::{Task, TaskError};
pub use folder::{FolderError, RunRecord, check_free, save};
pub use majority::Majority;
pub use settings::DistillSettings;
pub use settings_table::{SettingsTable, SettingsTableError};
pub use split_encoder::{SplitEncoder, SplitEncoderError};
pub use split_signals::{
    SplitError, SplitSharpness, fit_split, split_beta, split_statistics, split_targets, split_targets_at,
};

use embeddings::TrainingEmbeddings;
use subclasses::Subclasses;

use crate::students::{PreparedStudent, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob};
use crate::training::{Checkpoints, Event, TrainReport, TrainSettings};

/// Why no student came of it.
#[derive(Debug, Error)]
pub enum DistillError {
    /// The signals could not be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Method and data do not fit together.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// The student cannot be built or trained.
    #[error(transparent)]
    Student(#[from] StudentError),
    /// The teacher has one output a class.
    #[error(
        "method `subclass` matches a teacher's own subclasses, but these signals have none; train the teacher with subclasses, or use method `lelp`"
    )]
    NoSubclasses,
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
    /// The student.
    pub student: Box<dyn TrainedStudent>,
    /// What splits its classes, where the method does.
    pub fit: Option<FittedSplit>,
    /// How training went.
    pub report: TrainReport,
}

/// Students on one task.
#[derive(Debug)]
pub struct Distiller<'a> {
    task: &'a Task,
    student: &'a dyn PreparedStudent,
    threads: NonZeroUsize,
    /// What splits of classes were fitted on, gathered once.
    subclasses: Subclasses,
    /// The teacher's embeddings, mapped by the first method that reads them.
    embeddings: OnceLock<SignalsEmbeddings>,
}

impl<'a> Distiller<'a> {
    /// Students on `task`, for which `student` was prepared.
    #[must_use]
    pub fn new(task: &'a Task, student: &'a dyn PreparedStudent, threads: NonZeroUsize) -> Self {
        Self { task, student, threads, subclasses: Subclasses::default(), embeddings: OnceLock::new() }
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> &'a Task {
        self.task
    }

    /// Trains one student. With `checkpoints` one that trains long goes on where it was stopped.
    pub fn train(
        &self,
        method: &Objective,
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
            class_weights: self.task.class_weights.as_deref(),
        };
        let (task, threads) = (self.task, self.threads);
        let job = TrainingJob { task, method, supervision, settings, checkpoints, threads };
        let mut control = TrainingControl { observer, cancelled };
        let Trained { student, report } = self.student.train(&job, &mut control)?;
        let fit = targets.as_ref().and_then(|targets| targets.fit.clone());
        Ok(Distilled { student, fit, report })
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

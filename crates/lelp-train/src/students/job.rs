//! What a student is trained with, the same for all kinds.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_method::{Objective, StudentShape, Supervision};

use super::error::StudentError;
use crate::task::Task;
use crate::training::{
    Checkpoints, Event, TrainReport, TrainSettings, Trainable, Training, Validation, train,
};

/// A task, a method, and how it is trained.
pub struct TrainingJob<'a> {
    /// Training and validation rows.
    pub task: &'a Task,
    /// What the student is trained to match.
    pub method: &'a Objective,
    /// What the method knows of the training rows.
    pub supervision: Supervision<'a>,
    /// How training goes.
    pub settings: &'a TrainSettings,
    /// Where to write down how far it came, for students that train long.
    pub checkpoints: Option<&'a Checkpoints>,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// What follows the progress of a training, and what can stop it.
pub struct TrainingControl<'a> {
    /// Called after every batch and epoch.
    pub observer: &'a mut (dyn FnMut(Event<'_>) + Send),
    /// Stops the training once it is set.
    pub cancelled: &'a AtomicBool,
}

impl TrainingJob<'_> {
    /// Outputs of each class.
    #[must_use]
    pub fn subclasses(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.method.base.subclasses()).unwrap_or(NonZeroUsize::MIN)
    }

    /// Outputs of the student: `classes * subclasses`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.task.labels().len() * self.subclasses().get()
    }

    /// Trains `student`, of any kind, on its inputs of the training and the validation rows.
    pub fn train<I: ?Sized + Sync, S: Trainable<I>>(
        &self,
        student: &mut S,
        inputs: &I,
        validation: &I,
        control: &mut TrainingControl<'_>,
    ) -> Result<TrainReport, StudentError> {
        let TrainSettings { optimizer, seed, .. } = *self.settings;
        let shape = StudentShape { embedding: student.embedding(), optimizer, seed };
        let mut method = self.method.build(self.supervision, &shape)?;
        let training = Training {
            inputs,
            rows: self.task.train().rows(),
            sampled: self.task.sampled_rows(),
            method: method.as_mut(),
            validation: Some(Validation {
                inputs: validation,
                labels: self.task.validation_classes(),
                metric: self.task.validation_metric(),
            }),
            checkpoints: self.checkpoints,
        };
        Ok(train(student, training, self.settings, self.threads, &mut *control.observer, control.cancelled)?)
    }
}

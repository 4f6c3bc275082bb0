//! Training of a teacher on labels, the same for every kind.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_method::{
    CeSettings, MethodError, MethodSettings, StudentShape, SubclassTeacherSettings, Supervision,
};

use crate::training::{
    Checkpoints, Event, TrainError, TrainReport, TrainSettings, Trainable, Training, Validation,
    ValidationMetric, train,
};

/// Labelled inputs of type `I`, and how a teacher learns them.
pub(super) struct LabelTraining<'a, I> {
    /// Inputs of the rows to learn from.
    pub(super) inputs: &'a I,
    /// The rows to learn from; those without a label are left out.
    pub(super) train: &'a Dataset,
    /// Inputs and labels of the rows to choose the best epoch on.
    pub(super) validation: (&'a I, &'a [u32]),
    /// The cross-entropy of a teacher without subclasses.
    pub(super) objective: CeSettings,
    /// The loss of a teacher that splits its classes by itself.
    pub(super) subclasses: Option<SubclassTeacherSettings>,
    pub(super) settings: &'a TrainSettings,
    pub(super) checkpoints: Option<&'a Checkpoints>,
    pub(super) threads: NonZeroUsize,
}

impl<I: Sync> LabelTraining<'_, I> {
    /// Trains `teacher`, which ends with the parameters of its best epoch.
    pub(super) fn run<S: Trainable<I>, E: From<MethodError> + From<TrainError>>(
        &self,
        teacher: &mut S,
        observer: &mut (dyn FnMut(Event<'_>) + Send),
        cancelled: &AtomicBool,
    ) -> Result<TrainReport, E> {
        let (rows, classes) = (self.train.rows(), self.train.label_names().len());
        let supervision =
            Supervision { rows, classes, labels: self.train.labels(), ..Supervision::default() };
        let &TrainSettings { optimizer, seed, .. } = self.settings;
        let shape = StudentShape { embedding: teacher.embedding(), optimizer, seed };
        let mut method = match self.subclasses {
            Some(own) => own.build(supervision)?,
            None => MethodSettings::from(self.objective).build(supervision, &shape)?,
        };
        let (inputs, labels) = self.validation;
        let training = Training {
            inputs: self.inputs,
            rows,
            sampled: None,
            method: method.as_mut(),
            validation: Some(Validation { inputs, labels, metric: ValidationMetric::Accuracy }),
            checkpoints: self.checkpoints,
        };
        Ok(train(teacher, training, self.settings, self.threads, observer, cancelled)?)
    }
}

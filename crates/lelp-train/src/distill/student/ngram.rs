//! N-gram students.

use std::num::NonZeroUsize;

use super::super::settings::NgramStudentSettings;
use super::super::task::Task;
use super::super::{DistillError, TrainingControl};
use super::{StudentModel, Trained, TrainingJob};
use crate::students::{NgramInputs, NgramTrainSettings, TrainableNgram};
use crate::training::{TrainError, thread_pool};
use lelp_data::Dataset;

/// Features of a task's texts.
#[derive(Debug)]
pub struct NgramTexts {
    train: NgramInputs,
    validation: NgramInputs,
}

impl NgramTexts {
    pub(super) fn new(
        task: &Task,
        options: &NgramStudentSettings,
        threads: NonZeroUsize,
    ) -> Result<Self, TrainError> {
        let features = options.features();
        let extract = |data: &Dataset| NgramInputs::extract(&data.iter().collect::<Vec<_>>(), &features);
        let both = || Self { train: extract(task.train()), validation: extract(task.validation()) };
        Ok(thread_pool(threads)?.install(both))
    }

    /// Trains one student.
    pub(in crate::distill) fn train(
        &self,
        options: &NgramStudentSettings,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, DistillError> {
        let config = options.config(job.task.labels().to_vec(), job.method.base.subclasses());
        let learning = NgramTrainSettings { optimizer: job.settings.optimizer, dropout: options.dropout };
        let mut student = TrainableNgram::new(config, &self.train, &learning, job.settings.seed)
            .map_err(super::StudentModelError::from)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let model = student.model().map_err(super::StudentModelError::from)?;
        Ok((StudentModel::Ngram(Box::new(model)), report))
    }
}

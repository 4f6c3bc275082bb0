//! N-gram students.

use std::num::NonZeroUsize;

use super::super::settings::NgramOptions;
use super::super::task::Task;
use super::super::{DistillError, Watch};
use super::{Lesson, StudentModel, Trained};
use crate::model::{NgramInputs, NgramSettings, NgramStudent};
use crate::run::{TrainError, thread_pool};
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
        options: &NgramOptions,
        threads: NonZeroUsize,
    ) -> Result<Self, TrainError> {
        let features = options.features();
        let extract = |data: &Dataset| NgramInputs::extract(&data.iter().collect::<Vec<_>>(), &features);
        let both = || Self { train: extract(task.train()), validation: extract(task.validation()) };
        Ok(thread_pool(threads)?.install(both))
    }

    /// Trains one student.
    pub(in super::super) fn train(
        &self,
        options: &NgramOptions,
        lesson: &Lesson<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Trained, DistillError> {
        let config = options.config(lesson.task.labels().to_vec(), lesson.method.base.subclasses());
        let learning = NgramSettings { optimizer: lesson.settings.optimizer, dropout: options.dropout };
        let mut student = NgramStudent::new(config, &self.train, &learning, lesson.settings.seed)
            .map_err(super::StudentModelError::from)?;
        let report = lesson.teach(&mut student, &self.train, &self.validation, watch)?;
        let model = student.model().map_err(super::StudentModelError::from)?;
        Ok((StudentModel::Ngram(Box::new(model)), report))
    }
}

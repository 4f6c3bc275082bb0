//! An n-gram student while it is trained, and what is saved of it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::Predictor;
use lelp_model::ngram::{NgramColumn, NgramConfig, NgramConfigError, NgramModel, RowFeatures};

use super::columns::columns;
use super::{NgramInputs, NgramStudentError, NgramStudentSettings, NgramTrainSettings, TrainableNgram};
use crate::evaluate::{answer, report};
use crate::students::{PreparedStudent, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob};
use crate::task::Task;
use crate::training::thread_pool;

/// Features of a task's rows.
#[derive(Debug)]
pub(super) struct PreparedNgram {
    settings: NgramStudentSettings,
    columns: Vec<NgramColumn>,
    train: NgramInputs,
    validation: NgramInputs,
}

/// A trained n-gram student.
#[derive(Debug)]
struct TrainedNgram {
    model: NgramModel,
    /// The model as it is saved, where that is in 8 bits.
    quantized: Option<NgramModel>,
}

impl PreparedNgram {
    pub(super) fn new(
        settings: NgramStudentSettings,
        task: &Task,
        threads: NonZeroUsize,
    ) -> Result<Self, StudentError> {
        let columns = columns(task.train().table(), settings.bins)?;
        let features = RowFeatures::new(&settings.features(), &columns)
            .map_err(|error| NgramStudentError::from(NgramConfigError::from(error)))?;
        let extract = |data: &Dataset| NgramInputs::of_table(data.table(), &features);
        let both = || (extract(task.train()), extract(task.validation()));
        let (train, validation) = thread_pool(threads)?.install(both);
        Ok(Self { settings, columns, train: train?, validation: validation? })
    }
}

impl PreparedStudent for PreparedNgram {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let NgramStudentSettings { dropout, int8, .. } = self.settings;
        let config = NgramConfig {
            columns: self.columns.clone(),
            ..self.settings.config(job.task.labels().to_vec(), job.subclasses().get())
        };
        let learning = NgramTrainSettings { optimizer: job.settings.optimizer, dropout };
        let mut student = TrainableNgram::new(config, &self.train, &learning, job.settings.seed)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let model = student.model()?;
        let quantized = int8.then(|| model.quantized());
        Ok(Trained { student: Box::new(TrainedNgram { model, quantized }), report })
    }
}

impl TrainedNgram {
    fn saved(&self) -> &NgramModel {
        self.quantized.as_ref().unwrap_or(&self.model)
    }
}

impl TrainedStudent for TrainedNgram {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.saved().save(folder)?)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        Some(self.saved())
    }

    /// What the table loses in 8 bits.
    fn remarks(&self, validation: &Dataset, cancelled: &AtomicBool) -> Result<Vec<String>, StudentError> {
        let Some(quantized) = self.quantized.as_ref().filter(|_| validation.labels().is_some()) else {
            return Ok(Vec::new());
        };
        let accuracy = |model: &NgramModel| -> Result<f64, StudentError> {
            let answers = answer(model, validation, &mut |_| {}, cancelled)?;
            Ok(report(&answers, validation, None)?.accuracy)
        };
        let (full, small) = (accuracy(&self.model)?, accuracy(quantized)?);
        Ok(vec![format!("in 8 bits: validation accuracy {small:.4}, in 32 bits {full:.4}")])
    }
}

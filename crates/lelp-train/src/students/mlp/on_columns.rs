//! An MLP student on typed columns, with or without the embedding of a text.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_model::Predictor;

use super::MlpStudentSettings;
use crate::head::HeadSettings;
use crate::network::{EmbeddedRows, TrainableNetwork, TrainedNetwork, TrainingInputs};
use crate::students::{
    PreparedStudent, Resources, StudentError, Trained, TrainedStudent, TrainingControl, TrainingJob,
};
use crate::task::Task;
use crate::teachers::{FrozenEncoder, embed_cached};

/// Values of a task's rows, and what they were read by.
#[derive(Debug)]
pub(super) struct PreparedColumns {
    hidden: Option<NonZeroUsize>,
    weight_decay: f32,
    inputs: TrainingInputs,
}

impl PreparedColumns {
    pub(super) fn new(
        settings: &MlpStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentError> {
        let (train, validation) = (task.train(), task.validation());
        let has_text = train.schema().text().is_some();
        let folder = settings.encoder.as_deref().filter(|_| has_text);
        let encoder = folder.map(|folder| settings.load(folder, resources.threads)).transpose()?;
        let encoder = folder.zip(encoder.as_ref()).map(|(folder, encoder)| FrozenEncoder { encoder, folder });
        let mut embed = |data, before| match encoder {
            None => Ok(Vec::new()),
            Some(own) => {
                let mut progress = |done| progress(before + done);
                embed_cached(resources.cache, own, data, &mut progress, cancelled)
            }
        };
        let embeddings = [embed(train, 0)?, embed(validation, train.rows())?];
        let [train, validation] = [(train, &embeddings[0]), (validation, &embeddings[1])]
            .map(|(data, embeddings)| EmbeddedRows { data, embeddings });
        Ok(Self {
            hidden: settings.hidden,
            weight_decay: settings.weight_decay,
            inputs: TrainingInputs::new(train, validation, encoder, settings.category_width)?,
        })
    }
}

impl PreparedStudent for PreparedColumns {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let Self { hidden, weight_decay, ref inputs } = *self;
        let settings = HeadSettings { hidden, weight_decay, optimizer: job.settings.optimizer };
        let mut student = TrainableNetwork::new(job.outputs(), &inputs.train, &settings, job.settings.seed)?;
        let report = job.train(&mut student, &inputs.train, &inputs.validation, control)?;
        let student = inputs.trained(&student, job.task.labels(), job.subclasses())?;
        Ok(Trained { student: Box::new(student), report })
    }
}

impl TrainedStudent for TrainedNetwork {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(Self::save(self, folder)?)
    }

    fn predictor(&self) -> Option<&dyn Predictor> {
        self.model().map(|model| -> &dyn Predictor { model })
    }
}

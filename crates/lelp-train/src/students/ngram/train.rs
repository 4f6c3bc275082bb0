//! An n-gram student while it is trained, and what is saved of it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::ngram::{NgramColumn, NgramConfig, NgramModel, RowFeatures};

use super::columns::columns;
use super::{NgramStudentError, NgramStudentSettings, NgramTrainSettings, TrainableNgram, features_of_table};
use crate::students::bags::{BagModel, FeatureBags, TrainedBags};
use crate::students::static_embeddings::pretrained::{PretrainedPieces, StaticWidth};
use crate::students::{PreparedStudent, Resources, StudentError, Trained, TrainingControl, TrainingJob};
use crate::task::Task;
use crate::training::thread_pool;

/// Features of a task's rows.
#[derive(Debug)]
pub(super) struct PreparedNgram {
    settings: NgramStudentSettings,
    columns: Vec<NgramColumn>,
    pieces: Option<PretrainedPieces>,
    /// Features of the table, and beside them the pieces.
    train: Vec<FeatureBags>,
    validation: Vec<FeatureBags>,
}

impl PreparedNgram {
    pub(super) fn new(
        settings: NgramStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentError> {
        let columns = columns(task.train().table(), settings.bins)?;
        let features = RowFeatures::new(&settings.features(), &columns).map_err(NgramStudentError::from)?;
        let pieces = settings
            .static_width
            .map(StaticWidth::Exactly)
            .map(|width| PretrainedPieces::obtain(settings.encoder.as_deref(), width, resources, cancelled))
            .transpose()?;
        let extract = |data: &Dataset| -> Result<Vec<FeatureBags>, StudentError> {
            let mut bags = vec![features_of_table(data.table(), &features)?];
            if let Some(pieces) = &pieces {
                bags.push(pieces.bags(data, settings.features().max_tokens)?);
            }
            Ok(bags)
        };
        let both = || (extract(task.train()), extract(task.validation()));
        let (train, validation) = thread_pool(resources.threads)?.install(both);
        Ok(Self { train: train?, validation: validation?, settings, columns, pieces })
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
        let (pieces, seed) = (self.pieces.as_ref(), job.settings.seed);
        let mut student = TrainableNgram::with_static(config, &self.train[0], pieces, learning, seed)?;
        let report = job.train(&mut student, &self.train[..], &self.validation[..], control)?;
        let model = student.model_with_static(pieces)?;
        Ok(Trained { student: Box::new(TrainedBags::new(model, int8)), report })
    }
}

impl BagModel for NgramModel {
    fn in_eight_bits(&self) -> Self {
        self.quantized()
    }

    fn write(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.save(folder)?)
    }
}

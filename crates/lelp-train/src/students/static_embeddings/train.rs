//! A static student while it is trained, and what is saved of it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_model::static_embeddings::{StaticConfig, StaticModel, StaticStudent};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::StaticStudentSettings;
use super::pretrained::PretrainedPieces;
use crate::students::bags::{BagModel, FeatureBags, TrainableBags, TrainedBags};
use crate::students::ngram::{NgramStudentError, NgramTrainSettings, output_layers};
use crate::students::{PreparedStudent, Resources, StudentError, Trained, TrainingControl, TrainingJob};
use crate::task::Task;
use crate::training::thread_pool;

/// Pieces of a task's texts.
#[derive(Debug)]
pub(super) struct PreparedStatic {
    settings: StaticStudentSettings,
    pieces: PretrainedPieces,
    train: FeatureBags,
    validation: FeatureBags,
}

impl PreparedStatic {
    pub(super) fn new(
        settings: StaticStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentError> {
        let encoder = settings.encoder.as_deref();
        let pieces = PretrainedPieces::obtain(encoder, settings.width(), resources, cancelled)?;
        let max_tokens = StaticStudentSettings::max_tokens();
        let both = || (pieces.bags(task.train(), max_tokens), pieces.bags(task.validation(), max_tokens));
        let (train, validation) = thread_pool(resources.threads)?.install(both);
        let (train, validation) = (train?, validation?);
        Ok(Self { settings, pieces, train, validation })
    }
}

impl PreparedStudent for PreparedStatic {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let StaticStudentSettings { dropout, int8, .. } = self.settings;
        let (labels, subclasses) = (job.task.labels().to_vec(), job.subclasses().get());
        let config = self.settings.config(labels, subclasses, self.pieces.width);
        let optimizer = job.settings.optimizer;
        config.check().map_err(NgramStudentError::from)?;
        NgramTrainSettings { optimizer, dropout }.check()?;
        let tables = vec![self.pieces.trainable(optimizer)?];
        let sizes = (config.hidden.map(NonZeroUsize::get), config.outputs());
        let random = ChaCha8Rng::seed_from_u64(job.settings.seed);
        let mut student: TrainableBags<StaticConfig> =
            TrainableBags::with_tables(config, tables, sizes, (optimizer, dropout), random);
        let (train, validation) = (std::slice::from_ref(&self.train), std::slice::from_ref(&self.validation));
        let report = job.train(&mut student, train, validation, control)?;
        let embeddings = self.pieces.tuned(student.values(0))?;
        let layers = output_layers(student.network())?;
        let model: StaticModel = StaticStudent::new(student.config().clone(), embeddings, layers)?.into();
        Ok(Trained { student: Box::new(TrainedBags::new(model, int8)), report })
    }
}

impl BagModel for StaticModel {
    fn in_eight_bits(&self) -> Self {
        self.quantized()
    }

    fn write(&self, folder: &Path) -> Result<(), StudentError> {
        Ok(self.save(folder)?)
    }
}

//! An MLP student on the embeddings of a frozen encoder alone: its folder is that of a teacher of the same kind.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::Teacher;
use lelp_model::encoder::{EncoderError, Pooling};
use lelp_model::encoder_classifier::{EncoderClassifier, FrozenEncoderConfig};
use lelp_model::head::ClassifierHead;

use super::MlpStudentSettings;
use crate::evaluate::{Answers, time};
use crate::head::{EmbeddingRows, HeadSettings, TrainableHead};
use crate::students::{
    PreparedStudent, Resources, SavedStudent, StudentError, Trained, TrainedStudent, TrainingControl,
    TrainingJob,
};
use crate::task::Task;
use crate::teachers::{FrozenEncoder, embed_cached};

/// Embeddings of a task's texts, and the encoder that gave them.
#[derive(Debug)]
pub(super) struct PreparedOnEncoder {
    hidden: Option<NonZeroUsize>,
    weight_decay: f32,
    encoder: Arc<OwnEncoder>,
    train: EmbeddingRows<'static>,
    validation: EmbeddingRows<'static>,
}

/// How the frozen encoder is used.
#[derive(Debug)]
struct OwnEncoder {
    folder: PathBuf,
    pooling: Pooling,
    normalize: bool,
    max_length: usize,
}

/// A trained MLP student.
#[derive(Debug)]
struct TrainedOnEncoder {
    encoder: Arc<OwnEncoder>,
    head: ClassifierHead,
    labels: Vec<String>,
    subclasses: NonZeroUsize,
}

impl PreparedOnEncoder {
    pub(super) fn new(
        settings: &MlpStudentSettings,
        task: &Task,
        resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentError> {
        let folder = settings.encoder.as_deref().ok_or(StudentError::NoEncoder)?;
        let encoder = settings.load(folder, resources.threads)?;
        let width = encoder.width();
        let own = FrozenEncoder { encoder: &encoder, folder };
        let train = embed_cached(resources.cache, own, task.train(), progress, cancelled)?;
        let rows = task.train().rows();
        let mut rest = |done| progress(rows + done);
        let validation = embed_cached(resources.cache, own, task.validation(), &mut rest, cancelled)?;
        let frozen = OwnEncoder {
            folder: folder.to_owned(),
            pooling: encoder.pooling(),
            normalize: encoder.normalizes(),
            max_length: encoder.max_length(),
        };
        Ok(Self {
            hidden: settings.hidden,
            weight_decay: settings.weight_decay,
            encoder: Arc::new(frozen),
            train: EmbeddingRows::new(width, Cow::Owned(train))?,
            validation: EmbeddingRows::new(width, Cow::Owned(validation))?,
        })
    }
}

impl PreparedStudent for PreparedOnEncoder {
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError> {
        let Self { hidden, weight_decay, .. } = *self;
        let head = HeadSettings { hidden, weight_decay, optimizer: job.settings.optimizer };
        let mut student = TrainableHead::new(job.outputs(), &self.train, &head, job.settings.seed)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let student = TrainedOnEncoder {
            encoder: Arc::clone(&self.encoder),
            head: student.model()?,
            labels: job.task.labels().to_vec(),
            subclasses: job.subclasses(),
        };
        Ok(Trained { student: Box::new(student), report })
    }
}

impl TrainedStudent for TrainedOnEncoder {
    fn save(&self, folder: &Path) -> Result<(), StudentError> {
        let OwnEncoder { folder: encoder, pooling, normalize, max_length } = self.encoder.as_ref();
        let hash = FrozenEncoderConfig::hash_of(encoder, &self.head).map_err(EncoderError::from)?;
        let config = FrozenEncoderConfig {
            subclasses: self.subclasses,
            ..FrozenEncoderConfig::new(self.labels.clone(), *pooling, *normalize, *max_length, hash)
        };
        Ok(EncoderClassifier::save(folder, encoder, &self.head, &config)?)
    }

    /// The head alone answers, on embeddings that may be cached; the time is that of encoder and head, from a few texts.
    fn answer(
        &self,
        saved: SavedStudent<'_>,
        data: &Dataset,
        cancelled: &AtomicBool,
    ) -> Result<Answers, StudentError> {
        let model = EncoderClassifier::load(saved.folder, saved.threads)?;
        let embeddings = saved.cache.embed(model.encoder(), saved.folder, data, &mut |_| {}, cancelled)?;
        let elapsed = time(&model, data, cancelled)?;
        Ok(Answers { logits: model.head().apply(embeddings).logits, elapsed })
    }
}

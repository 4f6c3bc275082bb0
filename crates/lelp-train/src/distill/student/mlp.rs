//! MLP students: a head with a hidden layer on the embeddings of a frozen encoder.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions, Pooling};
use lelp_model::encoder_classifier::{EncoderClassifier, FrozenEncoderConfig};
use lelp_model::head::ClassifierHead;

use super::super::settings::MlpStudentSettings;
use super::super::task::Task;
use super::super::{DistillError, TrainingControl};
use super::{StudentModel, StudentModelError, Trained, TrainingJob};
use crate::students::{EmbeddingRows, HeadSettings, TrainableHead};
use crate::teachers::{EmbedError, EmbeddingCache, embed};
use lelp_data::Dataset;

/// Embeddings of a task's texts, and the encoder that gave them.
#[derive(Debug)]
pub struct MlpTexts {
    encoder: Arc<Frozen>,
    train: EmbeddingRows<'static>,
    validation: EmbeddingRows<'static>,
}

/// How the frozen encoder is used.
#[derive(Debug)]
struct Frozen {
    folder: PathBuf,
    pooling: Pooling,
    normalize: bool,
    max_length: usize,
}

/// A trained MLP student.
#[derive(Debug)]
pub struct MlpModel {
    encoder: Arc<Frozen>,
    head: ClassifierHead,
    labels: Vec<String>,
    subclasses: NonZeroUsize,
}

impl MlpTexts {
    pub(super) fn new(
        task: &Task,
        options: &MlpStudentSettings,
        threads: NonZeroUsize,
        cache: Option<&EmbeddingCache>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Self, StudentModelError> {
        if options.encoder.as_os_str().is_empty() {
            let what = "the folder or name of the encoder whose embeddings it reads";
            return Err(StudentModelError::Option { student: "mlp", option: "encoder", what });
        }
        let encoder = options.load(threads)?;
        let width = encoder.width();
        let embed = |data: &Dataset, progress: &mut dyn FnMut(usize)| match cache {
            None => embed(&encoder, data, progress, cancelled).map_err(EmbedError::from),
            Some(cache) => cache.embed(&encoder, &options.encoder, data, progress, cancelled),
        };
        let train = embed(task.train(), progress)?;
        let rows = task.train().rows();
        let validation = embed(task.validation(), &mut |done| progress(rows + done))?;
        let frozen = Frozen {
            folder: options.encoder.clone(),
            pooling: encoder.pooling(),
            normalize: encoder.normalizes(),
            max_length: encoder.max_length(),
        };
        Ok(Self {
            encoder: Arc::new(frozen),
            train: EmbeddingRows::new(width, Cow::Owned(train))?,
            validation: EmbeddingRows::new(width, Cow::Owned(validation))?,
        })
    }

    /// Trains one student.
    pub(in crate::distill) fn train(
        &self,
        options: &MlpStudentSettings,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, DistillError> {
        let labels = job.task.labels().to_vec();
        let subclasses = NonZeroUsize::new(job.method.base.subclasses()).unwrap_or(NonZeroUsize::MIN);
        let head = HeadSettings {
            hidden: options.hidden,
            weight_decay: options.weight_decay,
            optimizer: job.settings.optimizer,
        };
        let outputs = labels.len() * subclasses.get();
        let mut student = TrainableHead::new(outputs, &self.train, &head, job.settings.seed)
            .map_err(StudentModelError::from)?;
        let report = job.train(&mut student, &self.train, &self.validation, control)?;
        let head = student.model().map_err(StudentModelError::from)?;
        let model = MlpModel { encoder: Arc::clone(&self.encoder), head, labels, subclasses };
        Ok((StudentModel::Mlp(Box::new(model)), report))
    }
}

impl MlpStudentSettings {
    /// The frozen encoder whose embeddings the student reads.
    pub fn load(&self, threads: NonZeroUsize) -> Result<Encoder, EncoderError> {
        let max_length = NonZeroUsize::new(self.max_length);
        Encoder::load(&self.encoder, &EncoderLoadOptions { max_length, ..EncoderLoadOptions::new(threads) })
    }
}

impl MlpModel {
    /// What stands on the frozen encoder.
    #[must_use]
    pub fn head(&self) -> &ClassifierHead {
        &self.head
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), StudentModelError> {
        let Frozen { folder: encoder, pooling, normalize, max_length } = self.encoder.as_ref();
        let hash = FrozenEncoderConfig::hash_of(encoder, &self.head).map_err(EncoderError::from)?;
        let config = FrozenEncoderConfig {
            subclasses: self.subclasses,
            ..FrozenEncoderConfig::new(self.labels.clone(), *pooling, *normalize, *max_length, hash)
        };
        Ok(EncoderClassifier::save(folder, encoder, &self.head, &config)?)
    }
}

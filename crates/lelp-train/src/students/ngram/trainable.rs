//! The n-gram student while it learns.

use std::num::NonZeroUsize;

use lelp_model::layer::{LayerError, OutputLayers};
use lelp_model::ngram::{
    FeatureTable, FeatureTableError, NgramConfig, NgramConfigError, NgramModel, NgramModelError,
};
use lelp_model::static_embeddings::StaticEmbeddingsError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::students::bags::{FeatureBags, TrainableBags, TrainableTable};
use crate::students::static_embeddings::PretrainedPieces;
use crate::training::exported_layer;
use lelp_method::{Dense, DenseNetwork, Optimizer};

/// How an n-gram student learns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NgramTrainSettings {
    /// How parameters follow their gradients: Adagrad or SGD.
    pub optimizer: Optimizer,
    /// Probability with which each feature of a text is left out of a training step, so that no rare
    /// feature can carry a text alone; 0 for none.
    pub dropout: f32,
}

impl Default for NgramTrainSettings {
    fn default() -> Self {
        Self { optimizer: Optimizer::Adagrad, dropout: 0.2 }
    }
}

/// Hashed features, mean-pooled: a table, beside it static embeddings where there are some, an optional hidden `ReLU` layer,
/// and the outputs.
pub type TrainableNgram = TrainableBags<NgramConfig>;

/// A student that cannot be built or exported.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramStudentError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] NgramConfigError),
    /// Adam keeps running means for every value, which a sparse table cannot have.
    #[error("the n-gram student learns by `adagrad` or `sgd`, not by `adam`")]
    Optimizer,
    /// A dropout that drops everything, or less than nothing.
    #[error("dropout is {dropout}: use 0 or more, below 1")]
    Dropout {
        /// The number given.
        dropout: f32,
    },
    /// A feature bucket beyond the table: the inputs were extracted under other settings.
    #[error(
        "the inputs hold feature bucket {bucket}, but the table has {buckets}: extract them with the student's own settings"
    )]
    Bucket {
        /// Largest bucket in the inputs.
        bucket: u32,
        /// Rows of the table.
        buckets: usize,
    },
    /// Nothing can be learned from the rounded values of a model on.
    #[error("the table of the model is not in 32 bits, so that it cannot learn on")]
    Rounded,
    /// Static embeddings that do not hold together.
    #[error(transparent)]
    Static(#[from] StaticEmbeddingsError),
    /// The system gave no memory for the table.
    #[error("no memory for a table of {values} values ({kind}): use fewer buckets or a smaller width")]
    Memory {
        /// Values of the table.
        values: usize,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
    /// A layer holds values that are not finite: training diverged.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The table does not hold together.
    #[error(transparent)]
    Table(#[from] FeatureTableError),
    /// The parts do not fit together.
    #[error(transparent)]
    Model(#[from] NgramModelError),
}

impl NgramStudentError {
    /// Checks how a student over bags of features is to learn.
    pub(in crate::students) fn check(settings: NgramTrainSettings) -> Result<(), Self> {
        let NgramTrainSettings { optimizer, dropout } = settings;
        if optimizer == Optimizer::Adam {
            return Err(Self::Optimizer);
        }
        if (0.0..1.0).contains(&dropout) { Ok(()) } else { Err(Self::Dropout { dropout }) }
    }

    /// No memory for `values` values.
    pub(in crate::students) fn memory(values: usize) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Memory { values, kind: source.kind() }
    }
}

impl TrainableNgram {
    /// A student with random parameters for the training set `inputs`.
    pub fn new(
        config: NgramConfig,
        inputs: &FeatureBags,
        settings: &NgramTrainSettings,
        seed: u64,
    ) -> Result<Self, NgramStudentError> {
        Self::with_static(config, inputs, None, *settings, seed)
    }

    /// As [`new`](Self::new), with static embeddings that begin as `pieces` beside the table: its inputs are then those of both.
    pub(in crate::students) fn with_static(
        mut config: NgramConfig,
        inputs: &FeatureBags,
        pieces: Option<&PretrainedPieces>,
        settings: NgramTrainSettings,
        seed: u64,
    ) -> Result<Self, NgramStudentError> {
        let NgramTrainSettings { optimizer, dropout } = settings;
        config.static_width = pieces.and_then(|pieces| NonZeroUsize::new(pieces.width));
        config.check()?;
        NgramStudentError::check(settings)?;
        let (buckets, width) = (config.features.buckets, config.width);
        if let Some(&bucket) = inputs.features().iter().max()
            && bucket as usize >= buckets
        {
            return Err(NgramStudentError::Bucket { bucket, buckets });
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let bound = 1.0 / (width as f32);
        let table = TrainableTable::new(buckets, width, inputs, optimizer, bound, &mut random)
            .map_err(NgramStudentError::memory(buckets * width))?;
        let tables = [Some(Ok(table)), pieces.map(|pieces| pieces.trainable(optimizer))];
        let tables = tables.into_iter().flatten().collect::<Result<_, _>>()?;
        let sizes = (config.hidden.map(NonZeroUsize::get), config.outputs());
        Ok(Self::with_tables(config, tables, sizes, (optimizer, dropout), random))
    }

    /// A student that begins as `model`, whose table is in 32 bits, is.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`NgramStudentError::Rounded`] where the table is not in 32 bits.
    pub fn of_model(
        model: &NgramModel,
        inputs: &FeatureBags,
        settings: &NgramTrainSettings,
        seed: u64,
    ) -> Result<Self, NgramStudentError> {
        let values = model.table().values().ok_or(NgramStudentError::Rounded)?;
        let mut student = Self::new(model.config().clone(), inputs, settings, seed)?;
        student.values_mut(0).copy_from_slice(values);
        let layers = model.hidden().into_iter().chain([model.output()]);
        let layers: Vec<Dense> =
            layers.map(|layer| Dense::new(layer.inputs(), layer.weight(), layer.bias())).collect();
        student.network_mut().copy_parameters(&layers);
        Ok(student)
    }

    /// Puts `row` `[width]` in place of that of a bucket.
    pub(super) fn set_row(&mut self, bucket: u32, row: &[f32]) {
        let width = self.config.width;
        self.values_mut(0)[bucket as usize * width..][..width].copy_from_slice(row);
    }

    /// The student as a model that answers.
    pub fn model(&self) -> Result<NgramModel, NgramStudentError> {
        self.model_with_static(None)
    }

    /// As [`model`](Self::model), for a student with static embeddings of `pieces`.
    pub(in crate::students) fn model_with_static(
        &self,
        pieces: Option<&PretrainedPieces>,
    ) -> Result<NgramModel, NgramStudentError> {
        let NgramConfig { width, .. } = self.config;
        let table = FeatureTable::new(self.config.features.buckets, width, self.values(0).to_vec())?;
        let embeddings = pieces.map(|pieces| pieces.tuned(self.values(1))).transpose()?;
        Ok(NgramModel::new(self.config.clone(), table, embeddings, output_layers(self.network())?)?)
    }
}

/// The layers of a student that was trained.
pub(in crate::students) fn output_layers(network: &DenseNetwork) -> Result<OutputLayers, LayerError> {
    let layers = network.layers();
    let (output, before) = layers.split_last().expect("a network has a layer");
    let hidden = before.first().map(exported_layer).transpose()?;
    Ok(OutputLayers { hidden, output: exported_layer(output)? })
}

//! The n-gram student while it learns.

use std::num::NonZeroUsize;

use lelp_model::layer::{LayerError, OutputLayers};
use lelp_model::ngram::{FeatureTable, NgramConfig, NgramModel};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::error::NgramStudentError;
use crate::students::bags::{FeatureBags, TrainableBags, TrainableTable};
use crate::students::static_embeddings::pretrained::PretrainedPieces;
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

impl NgramTrainSettings {
    /// Refuses what no student over bags of features learns by.
    pub(in crate::students) fn check(self) -> Result<(), NgramStudentError> {
        let Self { optimizer, dropout } = self;
        if optimizer == Optimizer::Adam {
            return Err(NgramStudentError::Optimizer);
        }
        if (0.0..1.0).contains(&dropout) { Ok(()) } else { Err(NgramStudentError::Dropout { dropout }) }
    }
}

/// Hashed features, mean-pooled: a table, beside it static embeddings where there are some, an optional hidden `ReLU` layer,
/// and the outputs.
pub type TrainableNgram = TrainableBags<NgramConfig>;

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
        settings.check()?;
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

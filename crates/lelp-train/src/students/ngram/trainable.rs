//! The n-gram student while it learns.

use std::num::NonZeroUsize;

use lelp::vector::{mean_of_rows, prefetch_rows};
use lelp_model::layer::LayerError;
use lelp_model::ngram::{
    FeatureTable, FeatureTableError, NgramConfig, NgramConfigError, NgramModel, NgramModelError,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::features::NgramInputs;
use super::table::TrainableTable;
use crate::training::{Shards, Trainable, exported_layer};
use lelp_method::Optimizer;
use lelp_method::{Dense, DenseNetwork, ForwardCache};
use lelp_method::{Method, TermSum};

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

/// Hashed features, mean-pooled: a table, an optional hidden `ReLU` layer, and the outputs.
#[derive(Debug)]
pub struct TrainableNgram {
    config: NgramConfig,
    table: TrainableTable,
    network: DenseNetwork,
    dropout: f32,
    random: ChaCha8Rng,
    /// Features of the batch, after dropout.
    batch: NgramInputs,
    shards: Shards,
    /// Gradients in the batch's means `[batch, width]`, divided by the numbers of features.
    slopes: Vec<f32>,
    best: Option<(Vec<f32>, Vec<Dense>)>,
}

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

impl TrainableNgram {
    /// A student with random parameters for the training set `inputs`.
    pub fn new(
        config: NgramConfig,
        inputs: &NgramInputs,
        settings: &NgramTrainSettings,
        seed: u64,
    ) -> Result<Self, NgramStudentError> {
        let NgramTrainSettings { optimizer, dropout } = *settings;
        config.check()?;
        if optimizer == Optimizer::Adam {
            return Err(NgramStudentError::Optimizer);
        }
        if !(0.0..1.0).contains(&dropout) {
            return Err(NgramStudentError::Dropout { dropout });
        }
        let (buckets, width) = (config.features.buckets, config.width);
        if let Some(&bucket) = inputs.buckets().iter().max()
            && bucket as usize >= buckets
        {
            return Err(NgramStudentError::Bucket { bucket, buckets });
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let bound = 1.0 / (width as f32);
        let table = TrainableTable::new(buckets, width, inputs, optimizer, bound, &mut random)
            .map_err(|source| NgramStudentError::Memory { values: buckets * width, kind: source.kind() })?;
        let sizes = [Some(width), config.hidden.map(NonZeroUsize::get), Some(config.outputs())];
        let sizes: Vec<usize> = sizes.into_iter().flatten().collect();
        let network = DenseNetwork::random(&sizes, optimizer, 0.0, &mut random);
        Ok(Self {
            config,
            table,
            network,
            dropout,
            random,
            batch: NgramInputs::empty(),
            shards: Shards::default(),
            slopes: Vec::new(),
            best: None,
        })
    }

    /// A student that begins as `model`, whose table is in 32 bits, is.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`NgramStudentError::Rounded`] where the table is not in 32 bits.
    pub fn of_model(
        model: &NgramModel,
        inputs: &NgramInputs,
        settings: &NgramTrainSettings,
        seed: u64,
    ) -> Result<Self, NgramStudentError> {
        let values = model.table().values().ok_or(NgramStudentError::Rounded)?;
        let mut student = Self::new(model.config().clone(), inputs, settings, seed)?;
        student.table.values_mut().copy_from_slice(values);
        let layers = model.hidden().into_iter().chain([model.output()]);
        let layers: Vec<Dense> =
            layers.map(|layer| Dense::new(layer.inputs(), layer.weight(), layer.bias())).collect();
        student.network.copy_parameters(&layers);
        Ok(student)
    }

    /// Puts `row` `[width]` in place of that of a bucket.
    pub(super) fn set_row(&mut self, bucket: u32, row: &[f32]) {
        let width = self.config.width;
        self.table.values_mut()[bucket as usize * width..][..width].copy_from_slice(row);
    }

    /// Shape and labels.
    #[must_use]
    pub fn config(&self) -> &NgramConfig {
        &self.config
    }

    /// The student as a model that answers.
    pub fn model(&self) -> Result<NgramModel, NgramStudentError> {
        let table =
            FeatureTable::new(self.config.features.buckets, self.config.width, self.table.values().to_vec())?;
        let layers = self.network.layers();
        let hidden = self.config.hidden.map(|_| exported_layer(&layers[0])).transpose()?;
        let output = exported_layer(&layers[layers.len() - 1])?;
        Ok(NgramModel::new(self.config.clone(), table, hidden, output)?)
    }
}

impl Trainable<NgramInputs> for TrainableNgram {
    fn outputs(&self) -> usize {
        self.config.outputs()
    }

    fn embedding(&self) -> usize {
        self.network.embedding()
    }

    fn step(
        &mut self,
        inputs: &NgramInputs,
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        let width = self.config.width;
        self.batch.gather(inputs, rows, self.dropout, &mut self.random);
        self.slopes.resize(rows.len() * width, 0.0);
        let (table, batch) = (self.table.values(), &self.batch);
        self.shards.learn(&self.network, rows, method, sums, &mut self.slopes, |first, _, means| {
            for (place, mean) in (first..).zip(means.chunks_exact_mut(width)) {
                if place + 1 < batch.rows() {
                    prefetch_rows(table, width, batch.row(place + 1));
                }
                mean_of_rows(table, batch.row(place), mean);
            }
        });
        for (place, slopes) in self.slopes.chunks_exact_mut(width).enumerate() {
            let share = 1.0 / self.batch.row(place).len().max(1) as f32;
            for slope in slopes {
                *slope *= share;
            }
        }
        self.network.step(self.shards.passes(), learning_rate);
        self.table.step(&self.batch, &self.slopes, learning_rate);
        method.step(learning_rate);
        None
    }

    fn forward(&self, inputs: &NgramInputs, first: usize, outputs: &mut [f32]) {
        let (width, rows) = (self.config.width, outputs.len() / self.config.outputs());
        let mut pass = ForwardCache::new(&self.network);
        let means = pass.inputs_mut(rows * width).chunks_exact_mut(width);
        for (row, mean) in means.enumerate() {
            mean_of_rows(self.table.values(), inputs.row(first + row), mean);
        }
        self.network.forward(&mut pass);
        outputs.copy_from_slice(pass.outputs_and_gradient().0);
    }

    fn remember(&mut self) {
        let (values, layers) = self.best.get_or_insert_default();
        values.clear();
        values.extend_from_slice(self.table.values());
        layers.clone_from(&self.network.layers().to_vec());
    }

    fn restore(&mut self) {
        if let Some((values, layers)) = &self.best {
            self.table.values_mut().copy_from_slice(values);
            self.network.copy_parameters(layers);
        }
    }
}

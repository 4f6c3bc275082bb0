//! Students over bags of features while they learn: tables of vectors, mean-pooled, and layers on top.

use lelp::vector::{mean_of_rows, prefetch_rows};
use rand_chacha::ChaCha8Rng;

use super::inputs::FeatureBags;
use super::table::TrainableTable;
use crate::training::{Shards, Trainable};
use lelp_method::{Dense, DenseNetwork, ForwardCache, Optimizer};
use lelp_method::{Method, TermSum};

/// Tables of feature vectors, the means of a row's vectors of each side by side, an optional hidden `ReLU` layer, and the
/// outputs; `C` is the configuration of the kind of student.
///
/// Its inputs are one [`FeatureBags`] for each table.
#[derive(Debug)]
pub struct TrainableBags<C> {
    pub(crate) config: C,
    tables: Vec<PooledTable>,
    network: DenseNetwork,
    dropout: f32,
    random: ChaCha8Rng,
    shards: Shards,
    /// Gradients in the means `[batch, inputs]`.
    slopes: Vec<f32>,
    best: Option<(Vec<Vec<f32>>, Vec<Dense>)>,
}

/// A table, and its part of the batch.
#[derive(Debug)]
struct PooledTable {
    table: TrainableTable,
    /// Features of the batch, after dropout.
    batch: FeatureBags,
    /// Gradients in the means `[batch, width]`, divided by the numbers of features.
    slopes: Vec<f32>,
}

impl<C> TrainableBags<C> {
    /// A student with these tables, and random layers with `hidden` units and `outputs`.
    pub(crate) fn with_tables(
        config: C,
        tables: Vec<TrainableTable>,
        (hidden, outputs): (Option<usize>, usize),
        (optimizer, dropout): (Optimizer, f32),
        mut random: ChaCha8Rng,
    ) -> Self {
        let inputs = tables.iter().map(TrainableTable::width).sum();
        let sizes: Vec<usize> = [Some(inputs), hidden, Some(outputs)].into_iter().flatten().collect();
        let network = DenseNetwork::random(&sizes, optimizer, 0.0, &mut random);
        let pooled = |table| PooledTable { table, batch: FeatureBags::empty(), slopes: Vec::new() };
        Self {
            config,
            tables: tables.into_iter().map(pooled).collect(),
            network,
            dropout,
            random,
            shards: Shards::default(),
            slopes: Vec::new(),
            best: None,
        }
    }

    /// Shape and labels.
    #[must_use]
    pub fn config(&self) -> &C {
        &self.config
    }

    /// Values of a table, `[rows, width]`.
    pub(crate) fn values(&self, table: usize) -> &[f32] {
        self.tables[table].table.values()
    }

    /// Values of a table, to be set.
    pub(crate) fn values_mut(&mut self, table: usize) -> &mut [f32] {
        self.tables[table].table.values_mut()
    }

    /// The layers.
    pub(crate) fn network(&self) -> &DenseNetwork {
        &self.network
    }

    /// The layers, to be set.
    pub(crate) fn network_mut(&mut self) -> &mut DenseNetwork {
        &mut self.network
    }
}

impl PooledTable {
    /// One step along `slopes` `[batch, inputs]`, of which this table's columns begin at `first`.
    fn step(&mut self, slopes: &[f32], inputs: usize, first: usize, rate: f32) {
        let width = self.table.width();
        self.slopes.resize(self.batch.rows() * width, 0.0);
        let rows = self.slopes.chunks_exact_mut(width).zip(slopes.chunks_exact(inputs));
        for (place, (own, slopes)) in rows.enumerate() {
            let share = 1.0 / self.batch.row(place).len().max(1) as f32;
            for (own, slope) in own.iter_mut().zip(&slopes[first..]) {
                *own = share * slope;
            }
        }
        self.table.step(&self.batch, &self.slopes, rate);
    }
}

impl<C: Send + Sync> Trainable<[FeatureBags]> for TrainableBags<C> {
    fn outputs(&self) -> usize {
        self.network.outputs()
    }

    fn embedding(&self) -> usize {
        self.network.embedding()
    }

    fn step(
        &mut self,
        inputs: &[FeatureBags],
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        for (pooled, from) in self.tables.iter_mut().zip(inputs) {
            pooled.batch.gather(from, rows, self.dropout, &mut self.random);
        }
        let width = self.network.inputs();
        self.slopes.resize(rows.len() * width, 0.0);
        let tables = &self.tables;
        self.shards.learn(&self.network, rows, method, sums, &mut self.slopes, |first, _, means| {
            for (place, mut mean) in (first..).zip(means.chunks_exact_mut(width)) {
                for PooledTable { table, batch, .. } in tables {
                    if place + 1 < batch.rows() {
                        prefetch_rows(table.values(), table.width(), batch.row(place + 1));
                    }
                    let own = mean.split_off_mut(..table.width()).expect("a mean for every table");
                    mean_of_rows(table.values(), batch.row(place), own);
                }
            }
        });
        self.network.step(self.shards.passes(), learning_rate);
        let mut first = 0;
        for pooled in &mut self.tables {
            pooled.step(&self.slopes, width, first, learning_rate);
            first += pooled.table.width();
        }
        method.step(learning_rate);
        None
    }

    fn forward(&self, inputs: &[FeatureBags], first: usize, outputs: &mut [f32]) {
        let (width, rows) = (self.network.inputs(), outputs.len() / self.network.outputs());
        let mut pass = ForwardCache::new(&self.network);
        let means = pass.inputs_mut(rows * width).chunks_exact_mut(width);
        for (row, mut mean) in means.enumerate() {
            for (PooledTable { table, .. }, inputs) in self.tables.iter().zip(inputs) {
                let own = mean.split_off_mut(..table.width()).expect("a mean for every table");
                mean_of_rows(table.values(), inputs.row(first + row), own);
            }
        }
        self.network.forward(&mut pass);
        outputs.copy_from_slice(pass.outputs_and_gradient().0);
    }

    fn remember(&mut self) {
        let (values, layers) = self.best.get_or_insert_default();
        values.resize_with(self.tables.len(), Vec::new);
        for (kept, PooledTable { table, .. }) in values.iter_mut().zip(&self.tables) {
            kept.clear();
            kept.extend_from_slice(table.values());
        }
        layers.clone_from(&self.network.layers().to_vec());
    }

    fn restore(&mut self) {
        if let Some((values, layers)) = &self.best {
            for (kept, PooledTable { table, .. }) in values.iter().zip(&mut self.tables) {
                table.values_mut().copy_from_slice(kept);
            }
            self.network.copy_parameters(layers);
        }
    }
}

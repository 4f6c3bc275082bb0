//! A batch on its way through a network and a method, in shards of fixed size.

use rayon::prelude::*;

use lelp_method::{Batch, Gradients, Method, TermSum};
use lelp_method::{DenseNetwork, ForwardCache, SHARD_ROWS};

/// Buffers of a student's batches.
#[derive(Debug, Default)]
pub(crate) struct Shards {
    shards: Vec<Shard>,
    whole: Whole,
}

/// Buffers of one shard of a batch.
#[derive(Debug, Clone)]
struct Shard {
    pass: ForwardCache,
    sums: Vec<TermSum>,
}

/// What a method sees that takes the batch whole.
#[derive(Debug, Default)]
struct Whole {
    outputs: Vec<f32>,
    embedding: Vec<f32>,
    output_slopes: Vec<f32>,
    embedding_slopes: Vec<f32>,
}

impl Shards {
    /// Runs the batch `rows` through `network` and `method`, and back to the gradients of the network's parameters.
    ///
    /// `fill` writes a shard's inputs, given the place of its first row in the batch and its rows. `input_slopes`
    /// `[rows, inputs]` become the gradient in all inputs, unless it is empty. Shards run on several threads; a method
    /// that takes the batch whole runs between their ways forward and back.
    pub(crate) fn learn(
        &mut self,
        network: &DenseNetwork,
        rows: &[u32],
        method: &mut dyn Method,
        sums: &mut [TermSum],
        input_slopes: &mut [f32],
        fill: impl Fn(usize, &[u32], &mut [f32]) + Sync,
    ) {
        let new = || Shard { pass: ForwardCache::new(network), sums: Vec::new() };
        self.shards.resize_with(rows.len().div_ceil(SHARD_ROWS), new);
        let forward = |place: usize, shard: &mut Shard, part: &[u32]| {
            fill(place * SHARD_ROWS, part, shard.pass.inputs_mut(part.len() * network.inputs()));
            network.forward(&mut shard.pass);
        };
        let backward = |shard: &mut Shard, slopes: &mut [f32]| {
            network.backward(&mut shard.pass, !slopes.is_empty());
            slopes.copy_from_slice(&shard.pass.input_gradient()[..slopes.len()]);
        };
        let slots = slots(input_slopes, SHARD_ROWS * network.inputs(), self.shards.len());
        let shards = self.shards.par_iter_mut().zip(rows.par_chunks(SHARD_ROWS)).enumerate();
        let reads = method.embedding().is_some();
        let (share, terms) = (1.0 / rows.len() as f64, method.terms().len());
        if let Some(method) = method.row_wise() {
            shards.zip(slots).for_each(|((place, (shard, part)), slopes)| {
                forward(place, shard, part);
                shard.sums.clear();
                shard.sums.resize(terms, TermSum::default());
                let (batch, mut gradients) = shard.pass.ends(reads).split(part, share);
                method.gradient(&batch, &mut gradients, &mut shard.sums);
                backward(shard, slopes);
            });
            for shard in &self.shards {
                sums.iter_mut().zip(&shard.sums).for_each(|(sum, part)| sum.merge(*part));
            }
        } else {
            shards.for_each(|(place, (shard, part))| forward(place, shard, part));
            self.whole.learn(&mut self.shards, rows, share, method, sums);
            self.shards.par_iter_mut().zip(slots).for_each(|(shard, slopes)| backward(shard, slopes));
        }
    }

    /// The passes of the last batch, in order.
    pub(crate) fn passes(&mut self) -> impl Iterator<Item = &mut ForwardCache> {
        self.shards.iter_mut().map(|shard| &mut shard.pass)
    }
}

/// `slopes` in pieces of `length`, or as many empty ones.
fn slots(slopes: &mut [f32], length: usize, count: usize) -> Vec<&mut [f32]> {
    if slopes.is_empty() {
        return (0..count).map(|_| Default::default()).collect();
    }
    slopes.chunks_mut(length).collect()
}

impl Whole {
    /// Puts the ends of all shards together, runs the method, and takes its gradients apart again.
    fn learn(
        &mut self,
        shards: &mut [Shard],
        rows: &[u32],
        share: f64,
        method: &mut dyn Method,
        sums: &mut [TermSum],
    ) {
        let reads = method.embedding().is_some();
        self.outputs.clear();
        self.embedding.clear();
        for shard in &mut *shards {
            let ends = shard.pass.ends(reads);
            self.outputs.extend_from_slice(ends.outputs);
            self.embedding.extend_from_slice(ends.embedding);
        }
        for (slopes, values) in
            [(&mut self.output_slopes, &self.outputs), (&mut self.embedding_slopes, &self.embedding)]
        {
            slopes.clear();
            slopes.resize(values.len(), 0.0);
        }
        let batch = Batch { rows, share, outputs: &self.outputs, embedding: &self.embedding };
        let (outputs, embedding) = (&mut self.output_slopes, &mut self.embedding_slopes);
        method.learn(&batch, &mut Gradients { outputs, embedding }, sums);
        let (mut outputs, mut embedding) = (&self.output_slopes[..], &self.embedding_slopes[..]);
        for shard in shards {
            let ends = shard.pass.ends(reads);
            take(&mut outputs, ends.output_gradient);
            take(&mut embedding, ends.embedding_gradient);
        }
    }
}

/// Moves the first values of `from` into `into`.
fn take(from: &mut &[f32], into: &mut [f32]) {
    let (first, rest) = from.split_at(into.len());
    into.copy_from_slice(first);
    *from = rest;
}

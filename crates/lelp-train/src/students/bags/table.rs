//! A table of feature vectors while it learns: sparse, exact minibatch steps.

use std::ops::Range;

use lelp::vector::{add_scaled, prefetch, weighted_sum};
use multiversion::multiversion;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::inputs::FeatureBags;
use super::large_array::LargeArray;
use lelp_method::{Optimizer, adagrad};

/// Bits of one digit of the radix sort.
const DIGIT: u32 = 8;

/// Features ahead of which the table's rows are asked for: the sorted keys jump through memory.
const AHEAD: usize = 8;

/// Feature vectors `[buckets, width]` and Adagrad's sums of squared gradients.
#[derive(Debug)]
pub(crate) struct TrainableTable {
    width: usize,
    values: LargeArray,
    /// None for SGD.
    squares: Option<LargeArray>,
    parts: Vec<Part>,
}

/// Buffers of one thread, which owns a range of buckets.
#[derive(Debug, Clone, Default)]
struct Part {
    /// `bucket << 32 | place in the batch` of every feature of the batch that falls into the range.
    keys: Vec<u64>,
    swap: Vec<u64>,
    /// One row's gradient.
    sum: Vec<f32>,
}

impl TrainableTable {
    /// Rows that occur in `inputs` start uniform in `+-bound`; all others stay 0, so that features never seen say nothing.
    pub(crate) fn new(
        buckets: usize,
        width: usize,
        inputs: &FeatureBags,
        optimizer: Optimizer,
        bound: f32,
        random: &mut impl Rng,
    ) -> std::io::Result<Self> {
        let mut seen = vec![false; buckets];
        inputs.features().iter().for_each(|&bucket| seen[bucket as usize] = true);
        let mut values = LargeArray::zeros(buckets * width)?;
        for (row, _) in values.chunks_exact_mut(width).zip(&seen).filter(|(_, seen)| **seen) {
            row.fill_with(|| bound * (2.0 * random.random::<f32>() - 1.0));
        }
        let squares = optimizer != Optimizer::Sgd;
        let squares = squares.then(|| LargeArray::zeros(buckets * width)).transpose()?;
        Ok(Self { width, values, squares, parts: Vec::new() })
    }

    /// Rows that begin as `values` `[rows, width]`.
    pub(crate) fn of_values(values: &[f32], width: usize, optimizer: Optimizer) -> std::io::Result<Self> {
        let mut own = LargeArray::zeros(values.len())?;
        own.copy_from_slice(values);
        let squares = optimizer != Optimizer::Sgd;
        let squares = squares.then(|| LargeArray::zeros(values.len())).transpose()?;
        Ok(Self { width, values: own, squares, parts: Vec::new() })
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// One step: every row that the batch touches gets its gradient, summed in the order of the batch, once.
    ///
    /// `slopes` `[batch, width]` are the gradients in the batch's means, divided by their numbers of features.
    /// Buckets are shared out among the threads; a bucket's arithmetic does not depend on who owns it.
    pub(crate) fn step(&mut self, batch: &FeatureBags, slopes: &[f32], rate: f32) {
        let width = self.width;
        let buckets = self.rows();
        let share = buckets.div_ceil(rayon::current_num_threads());
        let bits = usize::BITS - (buckets - 1).leading_zeros();
        self.parts.resize_with(buckets.div_ceil(share), Part::default);
        let values = self.values.par_chunks_mut(share * width);
        let each = |place: usize, part: &mut Part| {
            let first = place * share;
            part.gather(batch, first..first + share);
            part.sort(bits);
            part.sum.resize(width, 0.0);
            first
        };
        if let Some(squares) = &mut self.squares {
            let squares = squares.par_chunks_mut(share * width);
            values.zip(squares).zip(&mut self.parts).enumerate().for_each(
                |(place, ((values, squares), part))| {
                    let first = each(place, part);
                    adagrad_rows(&part.keys, first, slopes, &mut part.sum, values, squares, rate);
                },
            );
        } else {
            values.zip(&mut self.parts).enumerate().for_each(|(place, (values, part))| {
                let first = each(place, part);
                sgd_rows(&part.keys, first, slopes, &mut part.sum, values, rate);
            });
        }
    }
}

impl Part {
    /// Collects the features of the batch whose buckets are in `range`, without a branch on it.
    fn gather(&mut self, batch: &FeatureBags, range: Range<usize>) {
        self.keys.resize(batch.features().len(), 0);
        let mut filled = 0;
        for place in 0..batch.rows() {
            for &bucket in batch.row(place) {
                self.keys[filled] = u64::from(bucket) << 32 | place as u64;
                filled += usize::from(range.contains(&(bucket as usize)));
            }
        }
        self.keys.truncate(filled);
    }

    /// Sorts by bucket, stably: radix sort from the lowest digit.
    fn sort(&mut self, bits: u32) {
        self.swap.resize(self.keys.len(), 0);
        for shift in (0..bits).step_by(DIGIT as usize) {
            let digit = |key: u64| (key >> (32 + shift)) as usize & ((1 << DIGIT) - 1);
            let mut starts = [0_u32; 1 << DIGIT];
            self.keys.iter().for_each(|&key| starts[digit(key)] += 1);
            let mut total = 0;
            for start in &mut starts {
                total += std::mem::replace(start, total);
            }
            for &key in &self.keys {
                let start = &mut starts[digit(key)];
                self.swap[*start as usize] = key;
                *start += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.swap);
        }
    }
}

/// The run of equal buckets at the front of sorted keys, and the rest.
#[inline(always)]
#[allow(clippy::inline_always)]
fn split_run(keys: &[u64]) -> (&[u64], &[u64]) {
    let bucket = keys[0] >> 32;
    let end = keys.iter().position(|key| key >> 32 != bucket).unwrap_or(keys.len());
    keys.split_at(end)
}

/// `sum` `[width]` = the slopes of a run, added up.
#[inline(always)]
#[allow(clippy::inline_always)]
fn add_run(run: &[u64], slopes: &[f32], sum: &mut [f32]) {
    let width = sum.len();
    let place = |key: &u64| (key & 0xffff_ffff) as usize * width;
    weighted_sum(sum, run.iter().map(|key| (1.0, &slopes[place(key)..][..width])));
}

#[multiversion(targets("x86_64+avx2"))]
fn sgd_rows(keys: &[u64], first: usize, slopes: &[f32], sum: &mut [f32], values: &mut [f32], rate: f32) {
    let mut keys = keys;
    let width = sum.len();
    while !keys.is_empty() {
        if let Some(key) = keys.get(AHEAD) {
            prefetch(values, ((key >> 32) as usize - first) * width, width);
        }
        let (run, rest) = split_run(keys);
        let row = ((run[0] >> 32) as usize - first) * width;
        add_run(run, slopes, sum);
        add_scaled(&mut values[row..row + width], -rate, sum);
        keys = rest;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn adagrad_rows(
    keys: &[u64],
    first: usize,
    slopes: &[f32],
    sum: &mut [f32],
    values: &mut [f32],
    squares: &mut [f32],
    rate: f32,
) {
    let mut keys = keys;
    let width = sum.len();
    while !keys.is_empty() {
        if let Some(key) = keys.get(AHEAD) {
            let row = ((key >> 32) as usize - first) * width;
            prefetch(values, row, width);
            prefetch(squares, row, width);
        }
        let (run, rest) = split_run(keys);
        let row = ((run[0] >> 32) as usize - first) * width;
        add_run(run, slopes, sum);
        adagrad(&mut values[row..row + width], sum, &mut squares[row..row + width], rate);
        keys = rest;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use lelp_data::Text;
    use lelp_model::ngram::FeatureSettings;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::students::ngram::features_of_texts;

    /// Two steps against a plain loop in `f64` over all features of the batch, at awkward widths.
    #[test]
    fn every_touched_row_gets_its_summed_gradient_once() {
        let settings = FeatureSettings { buckets: 64, ..FeatureSettings::default() };
        // So few buckets that rows collide, within a text and between texts.
        let sentences: Vec<String> = (0..50).map(|i| format!("a b a w{} w{}", i % 9, i * i % 23)).collect();
        let texts: Vec<Text<'_>> = sentences.iter().map(|text| text.as_str().into()).collect();
        let inputs = features_of_texts(&texts, &settings);
        let rows: Vec<u32> = (0..37).map(|row| row * 11 % 50).collect();
        for (optimizer, width) in
            [Optimizer::Sgd, Optimizer::Adagrad].into_iter().flat_map(|o| [1, 7, 64, 65, 130].map(|w| (o, w)))
        {
            let mut random = ChaCha8Rng::seed_from_u64(9);
            let mut table = TrainableTable::new(64, width, &inputs, optimizer, 0.5, &mut random).unwrap();
            let mut plain: Vec<f64> = table.values().iter().map(|&value| f64::from(value)).collect();
            let mut squares = vec![0.0; plain.len()];
            for _ in 0..2 {
                let slopes: Vec<f32> =
                    (0..rows.len() * width).map(|_| random.random::<f32>() - 0.5).collect();
                let mut gradient = vec![0.0; plain.len()];
                for (&row, slopes) in rows.iter().zip(slopes.chunks_exact(width)) {
                    for &bucket in inputs.row(row as usize) {
                        for (column, slope) in slopes.iter().enumerate() {
                            gradient[bucket as usize * width + column] += f64::from(*slope);
                        }
                    }
                }
                let mut batch = FeatureBags::empty();
                batch.gather(&inputs, &rows, 0.0, &mut random);
                table.step(&batch, &slopes, 0.25);
                for ((value, square), slope) in plain.iter_mut().zip(&mut squares).zip(gradient) {
                    *square += slope * slope;
                    let scale =
                        if optimizer == Optimizer::Adagrad { f64::sqrt(*square) + 1e-10 } else { 1.0 };
                    *value -= 0.25 * slope / scale;
                }
            }
            for (value, plain) in table.values().iter().zip(&plain) {
                assert!((f64::from(*value) - plain).abs() < 1e-4, "{optimizer:?} {width}: {value} {plain}");
            }
        }
    }

    #[test]
    fn buckets_never_seen_stay_zero() {
        let settings = FeatureSettings { buckets: 1 << 10, ..FeatureSettings::default() };
        let inputs = features_of_texts(&["one two".into()], &settings);
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut table =
            TrainableTable::new(1 << 10, 3, &inputs, Optimizer::Adagrad, 0.5, &mut random).unwrap();
        table.step(&inputs, &[1.0; 3], 0.1);
        for (bucket, row) in table.values().chunks_exact(3).enumerate() {
            let seen = inputs.features().contains(&(bucket as u32));
            assert_eq!(seen, row.iter().any(|&value| value != 0.0));
        }
    }
}

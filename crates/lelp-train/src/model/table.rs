//! The table of the n-gram student while it learns: sparse, exact minibatch steps.

use std::ops::Range;

use lelp_infer::ngram::vector::add_scaled;
use lelp_infer::wide;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::inputs::NgramInputs;
use super::optimizer::{ADAGRAD_EPSILON, Optimizer};

/// Bits of one digit of the radix sort.
const DIGIT: u32 = 8;

/// Columns that stay in registers while a row's gradient is added up.
const COLUMNS: usize = 64;

/// Feature vectors `[buckets, width]` and Adagrad's sums of squared gradients.
#[derive(Debug)]
pub(super) struct TrainableTable {
    width: usize,
    values: Vec<f32>,
    /// Empty for SGD.
    squares: Vec<f32>,
    parts: Vec<Part>,
}

/// Buffers of one thread, which owns a range of buckets.
#[derive(Debug, Clone, Default)]
struct Part {
    /// `bucket << 32 | place in the batch` of every feature of the batch that falls into the range.
    keys: Vec<u64>,
    swap: Vec<u64>,
}

impl TrainableTable {
    /// Rows that occur in `inputs` start uniform in `+-bound`; all others stay 0, so that features never seen say nothing.
    pub(super) fn new(
        buckets: usize,
        width: usize,
        inputs: &NgramInputs,
        optimizer: Optimizer,
        bound: f32,
        random: &mut impl Rng,
    ) -> Self {
        let mut seen = vec![false; buckets];
        inputs.buckets().iter().for_each(|&bucket| seen[bucket as usize] = true);
        let mut values = vec![0.0; buckets * width];
        for (row, _) in values.chunks_exact_mut(width).zip(&seen).filter(|(_, seen)| **seen) {
            row.fill_with(|| bound * (2.0 * random.random::<f32>() - 1.0));
        }
        let squares = if optimizer == Optimizer::Sgd { Vec::new() } else { vec![0.0; buckets * width] };
        Self { width, values, squares, parts: Vec::new() }
    }

    pub(super) fn values(&self) -> &Vec<f32> {
        &self.values
    }

    pub(super) fn values_mut(&mut self) -> &mut Vec<f32> {
        &mut self.values
    }

    /// One step: every row that the batch touches gets its gradient, summed in the order of the batch, once.
    ///
    /// `slopes` `[batch, width]` are the gradients in the batch's means, divided by their numbers of features.
    /// Buckets are shared out among the threads; a bucket's arithmetic does not depend on who owns it.
    pub(super) fn step(&mut self, inputs: &NgramInputs, rows: &[u32], slopes: &[f32], rate: f32) {
        let width = self.width;
        let buckets = self.values.len() / width;
        let share = buckets.div_ceil(rayon::current_num_threads());
        let bits = buckets.trailing_zeros();
        self.parts.resize_with(buckets.div_ceil(share), Part::default);
        let values = self.values.par_chunks_mut(share * width);
        if self.squares.is_empty() {
            values.zip(&mut self.parts).enumerate().for_each(|(place, (values, part))| {
                let first = place * share;
                part.gather(inputs, rows, first..first + share);
                part.sort(bits);
                sgd_rows(&part.keys, first, width, slopes, values, rate);
            });
        } else {
            let squares = self.squares.par_chunks_mut(share * width);
            values.zip(squares).zip(&mut self.parts).enumerate().for_each(
                |(place, ((values, squares), part))| {
                    let first = place * share;
                    part.gather(inputs, rows, first..first + share);
                    part.sort(bits);
                    adagrad_rows(&part.keys, first, width, slopes, values, squares, rate);
                },
            );
        }
    }
}

impl Part {
    /// Collects the features of the batch whose buckets are in `range`, without a branch on it.
    fn gather(&mut self, inputs: &NgramInputs, rows: &[u32], range: Range<usize>) {
        let total: usize = rows.iter().map(|&row| inputs.row(row as usize).len()).sum();
        self.keys.resize(total, 0);
        let mut filled = 0;
        for (place, &row) in rows.iter().enumerate() {
            for &bucket in inputs.row(row as usize) {
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
fn split_run(keys: &[u64]) -> (&[u64], &[u64]) {
    let bucket = keys[0] >> 32;
    let end = keys.iter().position(|key| key >> 32 != bucket).unwrap_or(keys.len());
    keys.split_at(end)
}

/// Adds up the slopes of a run in columns from `start` on.
#[inline(always)]
fn add_run(run: &[u64], slopes: &[f32], width: usize, start: usize, sum: &mut [f32]) {
    sum.fill(0.0);
    for key in run {
        let place = (key & 0xffff_ffff) as usize;
        add_scaled(sum, 1.0, &slopes[place * width + start..][..sum.len()]);
    }
}

wide! {
    fn sgd_rows(keys: &[u64], first: usize, width: usize, slopes: &[f32], values: &mut [f32], rate: f32) {
        let mut keys = keys;
        let mut sum = [0.0; COLUMNS];
        while !keys.is_empty() {
            let (run, rest) = split_run(keys);
            let row = ((run[0] >> 32) as usize - first) * width;
            for (block, values) in values[row..row + width].chunks_mut(COLUMNS).enumerate() {
                let sum = &mut sum[..values.len()];
                add_run(run, slopes, width, block * COLUMNS, sum);
                add_scaled(values, -rate, sum);
            }
            keys = rest;
        }
    }
}

wide! {
    fn adagrad_rows(keys: &[u64], first: usize, width: usize, slopes: &[f32], values: &mut [f32], squares: &mut [f32], rate: f32) {
        let mut keys = keys;
        let mut sum = [0.0; COLUMNS];
        while !keys.is_empty() {
            let (run, rest) = split_run(keys);
            let row = ((run[0] >> 32) as usize - first) * width;
            let blocks = values[row..row + width].chunks_mut(COLUMNS).zip(squares[row..row + width].chunks_mut(COLUMNS));
            for (block, (values, squares)) in blocks.enumerate() {
                let sum = &mut sum[..values.len()];
                add_run(run, slopes, width, block * COLUMNS, sum);
                for ((value, square), slope) in values.iter_mut().zip(squares).zip(sum) {
                    *square += *slope * *slope;
                    *value -= rate * *slope / (square.sqrt() + ADAGRAD_EPSILON);
                }
            }
            keys = rest;
        }
    }
}

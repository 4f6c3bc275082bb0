//! Count, mean and scatter of rows of one kind, in `f64`.

use crate::blocks::Workers;
use crate::moments::block::BlockMoments;

/// Columns of the scatter that one thread adds to at a time.
const CHUNK_COLUMNS: usize = 64;

/// Count, mean `[columns]` and scatter `sum (x - mean)(x - mean)^T` of rows.
///
/// The scatter is kept as its lower triangle, column after column: column `j` holds rows `j..columns`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sums {
    count: u64,
    mean: Vec<f64>,
    scatter: Vec<f64>,
}

/// What two means that differ add to the scatter: `weight difference difference^T`.
struct Shift {
    weight: f64,
    difference: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(columns: usize) -> Self {
        Self { count: 0, mean: vec![0.0; columns], scatter: vec![0.0; Self::triangle_len(columns)] }
    }

    /// Count, mean and [`triangle`](Self::triangle) as they were kept; the lengths have been checked.
    pub(crate) fn of_parts(count: u64, mean: Vec<f64>, triangle: Vec<f64>) -> Self {
        Self { count, mean, scatter: triangle }
    }

    /// Values of the lower triangle of `columns` columns.
    pub(crate) fn triangle_len(columns: usize) -> usize {
        columns * (columns + 1) / 2
    }

    /// The lower triangle of the scatter, column after column.
    pub(crate) fn triangle(&self) -> &[f64] {
        &self.scatter
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Whether neither mean nor scatter has overflowed.
    pub(crate) fn is_finite(&self) -> bool {
        self.mean.iter().chain(&self.scatter).all(|x| x.is_finite())
    }

    /// Adds other rows.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let Shift { weight, difference } = self.shift(other.count, &other.mean);
        let (mut target, mut source) = (self.scatter.as_mut_slice(), other.scatter.as_slice());
        for column in 0..difference.len() {
            let below = difference.len() - column;
            let (own, rest) = target.split_at_mut(below);
            let (more, later) = source.split_at(below);
            let factor = weight * difference[column];
            for ((own, more), d) in own.iter_mut().zip(more).zip(&difference[column..]) {
                *own += more + factor * d;
            }
            (target, source) = (rest, later);
        }
    }

    /// Adds the rows of blocks, one after the other; threads share the columns.
    pub(super) fn merge_blocks(&mut self, blocks: &[&BlockMoments], workers: &Workers) {
        let steps: Vec<(&BlockMoments, Shift)> =
            blocks.iter().map(|block| (*block, self.shift(block.count, &block.mean))).collect();
        let columns = self.mean.len();
        let mut rest = self.scatter.as_mut_slice();
        let mut chunks = Vec::new();
        for first in (0..columns).step_by(CHUNK_COLUMNS) {
            let last = columns.min(first + CHUNK_COLUMNS);
            let (chunk, later) = rest.split_at_mut((first..last).map(|column| columns - column).sum());
            chunks.push((first..last, chunk));
            rest = later;
        }
        workers.on_each(&mut chunks, |(range, chunk)| {
            let mut target = &mut **chunk;
            for column in range.clone() {
                let (own, rest) = target.split_at_mut(columns - column);
                for (block, Shift { weight, difference }) in &steps {
                    block.add_column(column, weight * difference[column], &difference[column..], own);
                }
                target = rest;
            }
        });
    }

    /// Takes `count` rows of mean `mean` into count and mean, and says what the scatter gains beside theirs.
    ///
    /// Chan, Golub and Le Veque 1979: with `d` the difference of the means,
    /// `scatter = scatter_a + scatter_b + d d^T n_a n_b / (n_a + n_b)`.
    fn shift(&mut self, count: u64, mean: &[f64]) -> Shift {
        let (own, more) = (self.count as f64, count as f64);
        let share = more / (own + more);
        let difference: Vec<f64> = mean.iter().zip(&self.mean).map(|(theirs, ours)| theirs - ours).collect();
        self.mean.iter_mut().zip(&difference).for_each(|(mean, d)| *mean += share * d);
        self.count += count;
        Shift { weight: own * share, difference }
    }

    /// The scatter of the first `size` columns as a full symmetric matrix, `[size, size]`.
    pub(crate) fn scatter(&self, size: usize) -> Vec<f64> {
        let mut full = vec![0.0; size * size];
        for column in 0..size {
            for row in column..size {
                let value = self.scatter_at(row, column);
                full[row * size + column] = value;
                full[column * size + row] = value;
            }
        }
        full
    }

    /// One value of the scatter; `row >= column`.
    pub(crate) fn scatter_at(&self, row: usize, column: usize) -> f64 {
        // Columns before this one hold columns + (columns - 1) + ... values.
        let before = column * (2 * self.mean.len() - column + 1) / 2;
        self.scatter[before + row - column]
    }
}

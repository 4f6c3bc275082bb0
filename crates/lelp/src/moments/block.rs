//! Moments of a block of rows of one class, in one thread.

use multiversion::multiversion;

use crate::linalg::self_product;
use crate::signals::Signals;

/// Rows of a block: long enough that the product, not the merge, takes the time; its gathered
/// `f32` rows of width 768 (3 MB) still stay in a last-level cache.
pub(super) const BLOCK_ROWS: usize = 1024;
/// Up to this many rows of a class a product in `f64` costs next to nothing.
const SMALL_ROWS: usize = 4 * BLOCK_ROWS;

/// Precision of the products inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Single,
    Double,
}

impl Precision {
    /// That of the block of a class that comes after so many of its rows.
    pub(super) fn after_rows(rows: usize) -> Self {
        if rows < SMALL_ROWS { Self::Double } else { Self::Single }
    }
}

/// Count, mean and scatter of a block; its memory serves one block after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct BlockMoments {
    pub(super) count: u64,
    /// `[columns]`
    pub(super) mean: Vec<f64>,
    precision: Option<Precision>,
    /// The scatter `[columns, columns]` in one of the precisions; its lower triangle, column after column, is valid.
    single: Vec<f32>,
    double: Vec<f64>,
    /// Rows less their mean, for products in `f64`.
    centred: Vec<f64>,
}

impl BlockMoments {
    /// Computes those of `values` `[rows, columns]`, of which the first `width` are an embedding, the others logits.
    ///
    /// `values` may be centred in place.
    pub(super) fn compute(&mut self, values: &mut [f32], columns: usize, width: usize, wanted: Precision) {
        self.count = (values.len() / columns) as u64;
        let mut largest = vec![0.0; columns];
        self.mean.resize(columns, 0.0);
        mean_and_deviation(values, &mut self.mean, &mut largest);
        let (embedding, logits) = largest.split_at(width);
        let fits = wanted == Precision::Single && squares_fit_f32(embedding) && squares_fit_f32(logits);
        if fits {
            centre(values, &self.mean);
            self.single.resize(columns * columns, 0.0);
            self_product(values, columns, &mut self.single);
        } else {
            self.centred.resize(values.len(), 0.0);
            centre_double(values, &self.mean, &mut self.centred);
            self.double.resize(columns * columns, 0.0);
            self_product(&self.centred, columns, &mut self.double);
        }
        self.precision = Some(if fits { Precision::Single } else { Precision::Double });
    }

    /// Adds what is at and below the diagonal in `column` to `target`, and `factor` times `difference` of the same rows.
    pub(super) fn add_column(&self, column: usize, factor: f64, difference: &[f64], target: &mut [f64]) {
        let columns = self.mean.len();
        let lower = column * columns + column..(column + 1) * columns;
        if self.precision == Some(Precision::Single) {
            add_scatter(&self.single[lower], factor, difference, target);
        } else {
            add_scatter(&self.double[lower], factor, difference, target);
        }
    }
}

fn add_scatter<T: Copy + Into<f64>>(scatter: &[T], factor: f64, difference: &[f64], target: &mut [f64]) {
    for ((target, &more), d) in target.iter_mut().zip(scatter).zip(difference) {
        *target += more.into() + factor * d;
    }
}

/// Appends rows side by side, `[rows, width + classes]`: the embedding, then the logits less their mean.
///
/// Probabilities do not change when a number is added to all logits of a row, so neither may the fit.
pub(super) fn gather(signals: &Signals, rows: &[usize], columns: usize, block: &mut Vec<f32>) {
    let (width, classes) = (signals.width(), signals.classes());
    let start = block.len();
    block.resize(start + rows.len() * columns, 0.0);
    for (&row, target) in rows.iter().zip(block[start..].chunks_exact_mut(columns)) {
        let (embedding, centred) = target.split_at_mut(width);
        signals.copy_embedding(row, embedding);
        let logits = &signals.logits()[row * classes..][..classes];
        let mean = logits.iter().map(|&z| f64::from(z)).sum::<f64>() / classes as f64;
        centred.iter_mut().zip(logits).for_each(|(centred, &z)| *centred = (f64::from(z) - mean) as f32);
    }
}

/// Mean of each column, and its largest deviation from it.
#[multiversion(targets("x86_64+avx2"))]
fn mean_and_deviation(block: &[f32], mean: &mut [f64], deviation: &mut [f32]) {
    let columns = mean.len();
    let (mut least, mut most) = (vec![f32::INFINITY; columns], vec![f32::NEG_INFINITY; columns]);
    mean.fill(0.0);
    for row in block.chunks_exact(columns) {
        for (((sum, least), most), &x) in mean.iter_mut().zip(&mut least).zip(&mut most).zip(row) {
            *sum += f64::from(x);
            *least = if x < *least { x } else { *least };
            *most = if x > *most { x } else { *most };
        }
    }
    let rows = (block.len() / columns) as f64;
    for (((mean, deviation), least), most) in mean.iter_mut().zip(deviation).zip(least).zip(most) {
        *mean /= rows;
        *deviation = (f64::from(most) - *mean).max(*mean - f64::from(least)) as f32;
    }
}

/// Takes `mean` from each row, rounding once.
#[multiversion(targets("x86_64+avx2"))]
fn centre(block: &mut [f32], mean: &[f64]) {
    for row in block.chunks_exact_mut(mean.len()) {
        for (x, mean) in row.iter_mut().zip(mean) {
            *x = (f64::from(*x) - mean) as f32;
        }
    }
}

fn centre_double(block: &[f32], mean: &[f64], centred: &mut [f64]) {
    for (row, centred) in block.chunks_exact(mean.len()).zip(centred.chunks_exact_mut(mean.len())) {
        for ((centred, &x), mean) in centred.iter_mut().zip(row).zip(mean) {
            *centred = f64::from(x) - mean;
        }
    }
}

/// Whether squares of such deviations, summed over a block, neither overflow nor vanish in `f32`
/// (1e-38 to 3e38).
fn squares_fit_f32(largest: &[f32]) -> bool {
    (1e-12..1e15).contains(&largest.iter().copied().fold(0.0, f32::max))
}

//! Moments of a block of rows of one class, in one thread.

use multiversion::multiversion;

use crate::linalg::add_self_product;
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

/// Rows that a product in `f64` takes at a time, so that it needs little more memory than one in `f32`.
const DOUBLE_ROWS: usize = 128;

/// Count, mean and scatter of a block; its memory serves one block after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct BlockMoments {
    pub(super) count: u64,
    /// `[columns]`
    pub(super) mean: Vec<f64>,
    scatter: Scatter,
}

/// `[columns, columns]`; the lower triangle, column after column, is valid.
#[derive(Debug, Clone)]
enum Scatter {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Default for Scatter {
    fn default() -> Self {
        Self::Single(Vec::new())
    }
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
        let old = std::mem::take(&mut self.scatter);
        self.scatter = if fits {
            let mut scatter = if let Scatter::Single(old) = old { old } else { Vec::new() };
            zero(&mut scatter, columns * columns);
            centre(values, &self.mean);
            add_self_product(values, columns, &mut scatter);
            Scatter::Single(scatter)
        } else {
            let mut scatter = if let Scatter::Double(old) = old { old } else { Vec::new() };
            zero(&mut scatter, columns * columns);
            let mut centred = vec![0.0; values.len().min(DOUBLE_ROWS * columns)];
            for rows in values.chunks(DOUBLE_ROWS * columns) {
                let centred = &mut centred[..rows.len()];
                centre_double(rows, &self.mean, centred);
                add_self_product(centred, columns, &mut scatter);
            }
            Scatter::Double(scatter)
        };
    }

    /// Adds what is at and below the diagonal in `column` to `target`, and `factor` times `difference` of the same rows.
    pub(super) fn add_column(&self, column: usize, factor: f64, difference: &[f64], target: &mut [f64]) {
        let columns = self.mean.len();
        let lower = column * columns + column..(column + 1) * columns;
        match &self.scatter {
            Scatter::Single(scatter) => add_scatter(&scatter[lower], factor, difference, target),
            Scatter::Double(scatter) => add_scatter(&scatter[lower], factor, difference, target),
        }
    }
}

/// Makes `values` that many zeros, in the memory that they have.
fn zero<T: Clone + Default>(values: &mut Vec<T>, len: usize) {
    values.clear();
    values.resize(len, T::default());
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
    let len = start + rows.len() * columns;
    // Twice the room that it had, as a vector grows, but no more than a block needs.
    let room = len.max((2 * block.capacity()).min(BLOCK_ROWS * columns));
    block.reserve_exact(room - start);
    block.resize(len, 0.0);
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

//! Moments of a segment of rows of one class, in one thread.

use crate::linalg::self_product;
use crate::moments::Sums;
use crate::signals::Signals;

/// Rows of a block: long enough that the product, not the merge, takes the time; its gathered
/// `f32` rows of width 768 (3 MB) still stay in a last-level cache.
const BLOCK_ROWS: usize = 1024;
/// Rows that one worker sums up before they are merged into the whole.
pub(super) const SEGMENT_ROWS: usize = 8 * BLOCK_ROWS;
/// Up to this many rows a product in `f64` costs next to nothing.
const SMALL_ROWS: usize = 4 * BLOCK_ROWS;
/// Deviations whose squares, summed over a block, neither overflow nor vanish in `f32` (1e-38 to 3e38).
const SQUARES_FIT_F32: std::ops::Range<f64> = 1e-12..1e15;

/// Precision of the products inside a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Single,
    Double,
}

impl Precision {
    pub(super) fn for_rows(rows: usize) -> Self {
        if rows <= SMALL_ROWS { Self::Double } else { Self::Single }
    }
}

/// Sums of `rows` (places in `signals`): embedding columns, then centred logits.
pub(super) fn segment_sums(signals: &Signals, rows: &[usize], precision: Precision) -> Sums {
    let columns = signals.width() + signals.classes();
    let mut sums = Sums::new(columns);
    let mut single = vec![0.0_f32; columns * columns];
    let mut double = Vec::new();
    for rows in rows.chunks(BLOCK_ROWS) {
        let mut block = gather(signals, rows, columns);
        let mean = column_means(&block, columns);
        let count = rows.len() as u64;
        if precision == Precision::Single && SQUARES_FIT_F32.contains(&centre(&mut block, &mean)) {
            self_product(&block, columns, &mut single);
            sums.merge_full(count, &mean, &single);
        } else {
            let block = centred_double(&gather(signals, rows, columns), &mean);
            double.resize(columns * columns, 0.0_f64);
            self_product(&block, columns, &mut double);
            sums.merge_full(count, &mean, &double);
        }
    }
    sums
}

/// Rows side by side, `[rows, width + classes]`: the embedding, then the logits less their mean.
///
/// Probabilities do not change when a number is added to all logits of a row, so neither may the fit.
fn gather(signals: &Signals, rows: &[usize], columns: usize) -> Vec<f32> {
    let (width, classes) = (signals.width(), signals.classes());
    let mut block = vec![0.0_f32; rows.len() * columns];
    for (&row, target) in rows.iter().zip(block.chunks_exact_mut(columns)) {
        let (embedding, centred) = target.split_at_mut(width);
        signals.copy_embedding(row, embedding);
        let logits = &signals.logits()[row * classes..][..classes];
        let mean = logits.iter().map(|&z| f64::from(z)).sum::<f64>() / classes as f64;
        centred.iter_mut().zip(logits).for_each(|(centred, &z)| *centred = (f64::from(z) - mean) as f32);
    }
    block
}

fn column_means(block: &[f32], columns: usize) -> Vec<f64> {
    let mut means = vec![0.0_f64; columns];
    for row in block.chunks_exact(columns) {
        means.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x));
    }
    let rows = (block.len() / columns) as f64;
    means.iter_mut().for_each(|mean| *mean /= rows);
    means
}

/// Takes `mean` from each row, rounding once, and returns the largest deviation.
fn centre(block: &mut [f32], mean: &[f64]) -> f64 {
    let mut largest = vec![0.0_f32; mean.len()];
    for row in block.chunks_exact_mut(mean.len()) {
        for ((x, mean), largest) in row.iter_mut().zip(mean).zip(&mut largest) {
            *x = (f64::from(*x) - mean) as f32;
            *largest = largest.max(x.abs());
        }
    }
    f64::from(largest.into_iter().fold(0.0, f32::max))
}

fn centred_double(block: &[f32], mean: &[f64]) -> Vec<f64> {
    let centred_row = |row| std::iter::zip(row, mean).map(|(x, mean): (&f32, &f64)| f64::from(*x) - mean);
    block.chunks_exact(mean.len()).flat_map(centred_row).collect()
}

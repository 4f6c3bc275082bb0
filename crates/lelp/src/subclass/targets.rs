//! From scores and logits to soft labels over all subclasses, block by block.

use std::num::NonZeroUsize;

use crate::blocks::Workers;
use crate::exponential::exp_not_positive;
use crate::subclass::target_settings::{TargetSettings, Temperature};

/// Rows of a block of targets: their embeddings are 3 MB of width 768.
pub(super) const BLOCK_ROWS: usize = 1024;

/// An array `[rows, outputs]`, written block by block by `write(first row, block)`.
pub(crate) fn map_blocks(
    rows: usize,
    outputs: usize,
    threads: NonZeroUsize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut result = vec![0.0; rows * outputs];
    let work = |block, chunk: &mut [f32]| write(block * BLOCK_ROWS, chunk);
    Workers::new(threads).on_chunks(&mut result, BLOCK_ROWS * outputs, work);
    result
}

/// Turns rows of scores into rows of targets: `t_cs = p_c softmax_s(u_cs / beta)` with
/// `p = softmax(logits / temperature)`.
///
/// `rows` `[n, classes * per_class]` holds the scores `u` and receives the targets; `logits` is
/// `[n, classes]`. Every sum is of exponentials less the largest, so nothing overflows.
pub(crate) fn write_targets(rows: &mut [f32], logits: &[f32], classes: usize, settings: TargetSettings) {
    let per_class = rows.len() / logits.len();
    let sharpness = (1.0 / settings.beta.get()) as f32;
    for split in rows.chunks_exact_mut(per_class) {
        let top = split.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for u in split {
            // The largest is compared, not subtracted: an infinite sharpness times zero is no number.
            *u = if *u >= top { 0.0 } else { (*u - top) * sharpness };
        }
    }
    for u in rows.iter_mut() {
        *u = exp_not_positive(*u);
    }
    let mut probabilities = vec![0.0; classes];
    for (row, logits) in rows.chunks_exact_mut(classes * per_class).zip(logits.chunks_exact(classes)) {
        softmax_into(logits, settings.temperature, &mut probabilities);
        for (split, p) in row.chunks_exact_mut(per_class).zip(&probabilities) {
            let share = *p as f32 / split.iter().sum::<f32>();
            for u in split {
                *u *= share;
            }
        }
    }
}

fn softmax_into(logits: &[f32], temperature: Temperature, probabilities: &mut [f64]) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, &z) in probabilities.iter_mut().zip(logits) {
        *p = if z >= top { 1.0 } else { ((f64::from(z) - f64::from(top)) / temperature.get()).exp() };
        sum += *p;
    }
    for p in probabilities {
        *p /= sum;
    }
}

//! The entropy of a split: a measure of sharpness that means the same for every target maker.

use std::num::NonZeroUsize;

use thiserror::Error;

use crate::blocks::Workers;
use crate::collapse::check_rows;
use crate::error::ShapeError;
use crate::subclass::target_settings::{Beta, TargetSettings, Temperature};
use crate::subclass::targets::{BLOCK_ROWS, write_targets};
use crate::{Classified, ErrorKind};

/// Between these widths of the softmax a split goes from one subclass to all alike, whatever its scores.
const SHARPEST: f64 = 1e-6;
const WIDEST: f64 = 1e6;
/// Entropies closer than this, in bits, are the same.
const TOLERANCE: f64 = 1e-6;
/// Halvings of `ln beta`: after so many no `f64` lies between.
const HALVINGS: usize = 60;

/// Mean entropy of the splits within the classes, in bits: `mean over rows of sum_c p_c H(t_c / p_c)`.
///
/// 0 where every row sits in one subclass of a class, `log2 per_class` where all splits are even. Two
/// target makers are compared fairly at equal entropy.
///
/// # Shapes
/// `targets`: `[rows, classes * per_class]`.
///
/// # Errors
/// [`ShapeError`] if `targets` is no whole number of rows.
pub fn split_entropy(targets: &[f32], classes: usize, per_class: usize) -> Result<f64, ShapeError> {
    let outputs = classes.saturating_mul(per_class);
    check_rows("targets", targets.len(), outputs)?;
    if targets.is_empty() {
        return Ok(0.0);
    }
    Ok(summed_entropy(targets, per_class) / (targets.len() / outputs) as f64)
}

/// Sum over rows and classes of `p_c H(t_c / p_c)`, in bits.
fn summed_entropy(targets: &[f32], per_class: usize) -> f64 {
    let entropy = |split: &[f32]| {
        let p: f64 = split.iter().map(|&t| f64::from(t)).sum();
        let shares = split.iter().map(|&t| f64::from(t)).filter(|&t| t > 0.0);
        shares.map(|t| -t * (t / p).log2()).sum::<f64>()
    };
    targets.chunks_exact(per_class).map(entropy).sum()
}

/// A width of the softmax and the mean split entropy that it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaAtEntropy {
    /// The width.
    pub beta: Beta,
    /// Mean entropy of the splits, in bits.
    pub entropy: f64,
}

/// Why no width of the softmax gives the entropy that was asked for.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EntropyError {
    /// Lengths do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// No width makes the split so sharp or so even.
    #[error(
        "an entropy of {entropy} bits was asked for, but this split reaches {least:.4} to {most:.4}; take a number between"
    )]
    Unreachable {
        /// The entropy asked for, in bits.
        entropy: f64,
        /// That of the sharpest split.
        least: f64,
        /// That of the most even split.
        most: f64,
    },
}

impl Classified for EntropyError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// The `beta` at which the mean split entropy is `entropy` bits, by bisection: entropy rises with `beta`.
///
/// The same bytes with any number of threads.
///
/// # Shapes
/// `scores`: `[rows, classes * per_class]`, as [`SubclassFit::scores`](crate::SubclassFit::scores) gives them;
/// `logits`: `[rows, classes]`.
///
/// # Errors
/// [`EntropyError::Unreachable`] if ties keep the split from being so sharp, or padding from being so even.
pub fn beta_at_entropy(
    scores: &[f32],
    logits: &[f32],
    classes: usize,
    temperature: Temperature,
    entropy: f64,
    threads: NonZeroUsize,
) -> Result<BetaAtEntropy, EntropyError> {
    check_rows("logits", logits.len(), classes)?;
    check_rows("scores", scores.len(), logits.len())?;
    let workers = Workers::new(threads);
    let at = |beta: f64| {
        let settings = TargetSettings { beta: Beta::known(beta), temperature };
        BetaAtEntropy {
            beta: settings.beta,
            entropy: mean_entropy(scores, logits, classes, settings, &workers),
        }
    };
    let (least, most) = (at(SHARPEST), at(WIDEST));
    if !(least.entropy - TOLERANCE..=most.entropy + TOLERANCE).contains(&entropy) {
        return Err(EntropyError::Unreachable { entropy, least: least.entropy, most: most.entropy });
    }
    let (mut low, mut high) = (SHARPEST.ln(), WIDEST.ln());
    let mut found = least;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        found = at(middle.exp());
        if (found.entropy - entropy).abs() < TOLERANCE {
            break;
        }
        if found.entropy < entropy { low = middle } else { high = middle }
    }
    Ok(found)
}

fn mean_entropy(
    scores: &[f32],
    logits: &[f32],
    classes: usize,
    settings: TargetSettings,
    workers: &Workers,
) -> f64 {
    let rows = logits.len() / classes;
    let outputs = scores.len().checked_div(rows).unwrap_or(0);
    let block_entropy = |block: usize| {
        let places = block * BLOCK_ROWS..rows.min((block + 1) * BLOCK_ROWS);
        let mut targets = scores[places.start * outputs..places.end * outputs].to_vec();
        write_targets(&mut targets, &logits[places.start * classes..places.end * classes], classes, settings);
        summed_entropy(&targets, outputs / classes)
    };
    let mut sum = 0.0;
    workers.in_order(rows.div_ceil(BLOCK_ROWS), block_entropy, |part| sum += part);
    if rows == 0 { 0.0 } else { sum / rows as f64 }
}

//! Softmax in logarithms: finite for all finite logits.

use super::float::Float;

/// `logits / temperature`, one row.
pub(super) fn scaled<F: Float>(logits: &[F], temperature: f64) -> impl Iterator<Item = f64> + Clone {
    logits.iter().map(move |&logit| logit.into() / temperature)
}

/// `softmax(logits / temperature)` of each row of `[rows, classes]`, in `f64` inside.
#[must_use]
pub fn soft_labels(logits: &[f32], classes: usize, temperature: f64) -> Vec<f32> {
    let mut targets = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let weight = |&logit: &f32| ((f64::from(logit) - most) / temperature).exp();
        let total: f64 = row.iter().map(weight).sum();
        targets.extend(row.iter().map(|logit| (weight(logit) / total) as f32));
    }
    targets
}

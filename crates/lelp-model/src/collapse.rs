//! From a class's subclasses to its logit.

use std::num::NonZeroUsize;

/// `ln sum exp(values)`, finite for all finite values.
pub(crate) fn log_sum_exp(values: &[f32]) -> f32 {
    if let [value] = values {
        return *value;
    }
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    most + values.iter().map(|value| (value - most).exp()).sum::<f32>().ln()
}

/// Class logits `[rows, classes]` of `outputs` `[rows, classes * subclasses]`; those of class `c` start at
/// `c * subclasses`.
pub(crate) fn collapse(outputs: Vec<f32>, subclasses: NonZeroUsize) -> Vec<f32> {
    if subclasses == NonZeroUsize::MIN {
        return outputs;
    }
    outputs.chunks_exact(subclasses.get()).map(log_sum_exp).collect()
}

//! From a class's subclasses to its logit.

use std::num::NonZeroUsize;

use lelp::log_sum_exp;

/// Logit of a class from the outputs of its subclasses; one output is itself.
pub(crate) fn class_logit(outputs: &[f32]) -> f32 {
    if let [output] = outputs { *output } else { log_sum_exp(outputs.iter().copied()) }
}

/// Class logits `[rows, classes]` of `outputs` `[rows, classes * subclasses]`; those of class `c` start at
/// `c * subclasses`.
pub(crate) fn collapse(outputs: Vec<f32>, subclasses: NonZeroUsize) -> Vec<f32> {
    if subclasses == NonZeroUsize::MIN {
        return outputs;
    }
    outputs.chunks_exact(subclasses.get()).map(class_logit).collect()
}

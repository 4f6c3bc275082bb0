//! From a class's subclasses to its logit.

use std::num::NonZeroUsize;

use lelp_core::class_logit;

/// Class logits `[rows, classes]` of `outputs` `[rows, classes * subclasses]`; those of class `c` start at
/// `c * subclasses`.
pub(crate) fn collapse(outputs: Vec<f32>, subclasses: NonZeroUsize) -> Vec<f32> {
    if subclasses == NonZeroUsize::MIN {
        return outputs;
    }
    outputs.chunks_exact(subclasses.get()).map(class_logit).collect()
}

//! `AdamW` in one pass over parameter, gradient and both moments.

use multiversion::multiversion;
use rayon::prelude::*;

/// Values that one task works on.
const BLOCK: usize = 1 << 15;

/// One step, the same for every value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdamWStep {
    /// What the gradient is multiplied by first: global-norm clipping.
    pub(crate) gradient_scale: f32,
    /// `1 - rate * weight decay`.
    pub(crate) keep: f32,
    /// `rate / (1 - beta_1^t)`.
    pub(crate) rate: f32,
    /// `1 / sqrt(1 - beta_2^t)`.
    pub(crate) second_scale: f32,
    pub beta_1: f32,
    pub beta_2: f32,
    pub(crate) epsilon: f32,
}

/// `w = keep w - rate m / (sqrt(v) second_scale + epsilon)` after both moments took in the gradient:
/// `torch.optim.AdamW` (Loshchilov and Hutter 2019, arXiv:1711.05101).
pub(crate) fn step(
    parameter: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    step: AdamWStep,
) {
    parameter
        .par_chunks_mut(BLOCK)
        .zip(gradient.par_chunks(BLOCK))
        .zip(first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK)))
        .for_each(|((parameter, gradient), (first, second))| block(parameter, gradient, first, second, step));
}

#[multiversion(targets("x86_64+avx2"))]
pub(crate) fn block(
    parameter: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    step: AdamWStep,
) {
    let moments = first.iter_mut().zip(second);
    for ((parameter, gradient), (first, second)) in parameter.iter_mut().zip(gradient).zip(moments) {
        let gradient = gradient * step.gradient_scale;
        *first += (1.0 - step.beta_1) * (gradient - *first);
        *second = step.beta_2 * *second + (1.0 - step.beta_2) * gradient * gradient;
        *parameter =
            step.keep * *parameter - step.rate * *first / (second.sqrt() * step.second_scale + step.epsilon);
    }
}

/// Sum of squares: block by block in `f64`, and the blocks in order.
pub(crate) fn squares(values: &[f32]) -> f64 {
    let blocks: Vec<f64> = values
        .par_chunks(BLOCK)
        .map(|block| f64::from(lelp::vector::sum(block.len(), |place| block[place] * block[place])))
        .collect();
    blocks.iter().sum()
}

//! Activations between the two feed-forward products.

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]
// What `multiversion` makes of a function passes on all of its arguments, those too that one activation has no use for.
#![allow(clippy::used_underscore_binding)]

use lelp::exponential::{normal, tanh};
use lelp_model::checkpoint::Activation;
use multiversion::multiversion;
use rayon::prelude::*;

/// Values that one task works on.
const BLOCK: usize = 1 << 14;

/// `activation(x)`, element by element.
pub(crate) fn forward(activation: Activation, x: &[f32]) -> Vec<f32> {
    map(
        x,
        x,
        match activation {
            Activation::Gelu => gelu_forward,
            Activation::GeluTanh => gelu_tanh_forward,
            Activation::Relu => relu_forward,
        },
    )
}

/// Gradient by `x`, from that by the result.
pub(crate) fn backward(activation: Activation, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    map(
        x,
        gradient,
        match activation {
            Activation::Gelu => gelu_backward,
            Activation::GeluTanh => gelu_tanh_backward,
            Activation::Relu => relu_backward,
        },
    )
}

/// `loop_over(x, gradient, result)` on all threads.
fn map(x: &[f32], gradient: &[f32], loop_over: fn(&[f32], &[f32], &mut [f32])) -> Vec<f32> {
    let mut result = vec![0.0; x.len()];
    let blocks = result.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).zip(gradient.par_chunks(BLOCK));
    blocks.for_each(|((result, x), gradient)| loop_over(x, gradient, result));
    result
}

#[multiversion(targets("x86_64+avx2"))]
fn gelu_forward(x: &[f32], _gradient: &[f32], result: &mut [f32]) {
    for (&x, result) in x.iter().zip(result) {
        *result = x * normal(x).0;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn gelu_backward(x: &[f32], gradient: &[f32], result: &mut [f32]) {
    for ((&x, gradient), result) in x.iter().zip(gradient).zip(result) {
        let (distribution, density) = normal(x);
        *result = gradient * (distribution + x * density);
    }
}

/// `sqrt(2 / pi)` and the cubic's coefficient of the tanh form (Hendrycks and Gimpel 2016, arXiv:1606.08415).
const TANH_SCALE: f32 = 0.797_884_6;
const TANH_CUBIC: f32 = 0.044_715;

#[multiversion(targets("x86_64+avx2"))]
fn gelu_tanh_forward(x: &[f32], _gradient: &[f32], result: &mut [f32]) {
    for (&x, result) in x.iter().zip(result) {
        *result = 0.5 * x * (1.0 + tanh(TANH_SCALE * (x + TANH_CUBIC * x * x * x)));
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn gelu_tanh_backward(x: &[f32], gradient: &[f32], result: &mut [f32]) {
    for ((&x, gradient), result) in x.iter().zip(gradient).zip(result) {
        let bent = tanh(TANH_SCALE * (x + TANH_CUBIC * x * x * x));
        let slope = TANH_SCALE * (1.0 + 3.0 * TANH_CUBIC * x * x);
        *result = gradient * (0.5 * (1.0 + bent) + 0.5 * x * (1.0 - bent * bent) * slope);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn relu_forward(x: &[f32], _gradient: &[f32], result: &mut [f32]) {
    for (&x, result) in x.iter().zip(result) {
        *result = x.max(0.0);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn relu_backward(x: &[f32], gradient: &[f32], result: &mut [f32]) {
    for ((&x, gradient), result) in x.iter().zip(gradient).zip(result) {
        *result = if x > 0.0 { *gradient } else { 0.0 };
    }
}

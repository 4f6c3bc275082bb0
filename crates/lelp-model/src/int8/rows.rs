//! What happens to rows of f32 between products: activation, normalisation.

use lelp::exponential::{normal, tanh};
use lelp::vector::sum;
use multiversion::multiversion;

use crate::checkpoint::Activation;

/// `activation(x)`, element by element.
pub(super) fn activate(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Gelu => gelu(values),
        Activation::GeluTanh => gelu_tanh(values),
        Activation::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn gelu(values: &mut [f32]) {
    for value in values {
        *value *= normal(*value).0;
    }
}

/// Hendrycks and Gimpel 2016 (arXiv:1606.08415).
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn gelu_tanh(values: &mut [f32]) {
    for value in values {
        *value *= 0.5 * (1.0 + tanh(0.797_884_6 * (*value + 0.044_715 * *value * *value * *value)));
    }
}

/// Layer normalisation over the last axis: scale, shift, epsilon.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
    pub(super) epsilon: f32,
}

impl Norm {
    /// Normalises the rows of `values` `[rows, width]`.
    pub(super) fn apply(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.scale.len()) {
            standardise(row, &self.scale, &self.shift, self.epsilon);
        }
    }

    /// Normalises the rows of `values + more`, both `[rows, width]`, into `values`.
    pub(super) fn apply_to_sum(&self, values: &mut [f32], more: &[f32]) {
        let width = self.scale.len();
        for (row, more) in values.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
            add(row, more);
            standardise(row, &self.scale, &self.shift, self.epsilon);
        }
    }
}

/// `values += more`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn add(values: &mut [f32], more: &[f32]) {
    for (value, more) in values.iter_mut().zip(more) {
        *value += more;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn standardise(values: &mut [f32], scale: &[f32], shift: &[f32], epsilon: f32) {
    let share = 1.0 / values.len() as f32;
    let mean = sum(values.len(), |place| values[place]) * share;
    let variance = sum(values.len(), |place| (values[place] - mean) * (values[place] - mean)) * share;
    let inverse = 1.0 / (variance + epsilon).sqrt();
    for ((value, scale), shift) in values.iter_mut().zip(scale).zip(shift) {
        *value = (*value - mean) * inverse * scale + shift;
    }
}

//! Layer normalisation of a sum: `norm(dropout(x) + residual) * scale + shift`.

use multiversion::multiversion;
use rayon::prelude::*;

use super::BLOCK_ROWS;
use super::dropout::{Dropout, dropped};
use super::linear::column_sums;
use lelp::vector::sum;

/// What the backward pass needs.
#[derive(Debug, Clone)]
pub(crate) struct Normalised {
    /// `[rows, width]`: mean 0 and variance 1 a row, before scale and shift.
    values: Vec<f32>,
    /// 1 / deviation of each row.
    inverse: Vec<f32>,
}

/// Gradients of a normalised sum.
pub(crate) struct NormGradients {
    pub(crate) x: Vec<f32>,
    pub(crate) residual: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

/// `x` and `residual` `[rows, width]`, `scale` and `shift` `[width]`; the variance is over `width`, not `width - 1`.
pub(crate) fn forward(
    x: &[f32],
    residual: &[f32],
    scale: &[f32],
    shift: &[f32],
    epsilon: f32,
    dropout: Dropout,
) -> (Vec<f32>, Normalised) {
    let width = scale.len();
    let rows = x.len() / width;
    let (mut y, mut values, mut inverse) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; rows]);
    let chunk = BLOCK_ROWS * width;
    y.par_chunks_mut(chunk)
        .zip(values.par_chunks_mut(chunk))
        .zip(inverse.par_chunks_mut(BLOCK_ROWS))
        .enumerate()
        .for_each(|(block, ((y, values), inverse))| {
            for (row, inverse) in inverse.iter_mut().enumerate() {
                let (start, place) = ((block * BLOCK_ROWS + row) * width, row * width);
                let values = &mut values[place..place + width];
                let (x, residual) = (&x[start..start + width], &residual[start..start + width]);
                if dropout.is_none() {
                    add(x, residual, values);
                } else {
                    add_dropped(x, residual, values, start as u32, dropout);
                }
                *inverse = standardise(values, epsilon);
                scale_and_shift(values, scale, shift, &mut y[place..place + width]);
            }
        });
    (y, Normalised { values, inverse })
}

/// Gradients from that of the result, `[rows, width]`.
pub(crate) fn backward(
    saved: &Normalised,
    scale: &[f32],
    gradient: &[f32],
    dropout: Dropout,
) -> NormGradients {
    let width = scale.len();
    let rows = saved.inverse.len();
    let mut residual = vec![0.0; gradient.len()];
    residual.par_chunks_mut(BLOCK_ROWS * width).enumerate().for_each(|(block, residual)| {
        for (row, residual) in residual.chunks_exact_mut(width).enumerate() {
            let row = block * BLOCK_ROWS + row;
            let place = row * width..(row + 1) * width;
            by_sum(&saved.values[place.clone()], &gradient[place], scale, saved.inverse[row], residual);
        }
    });
    let x = if dropout.is_none() { residual.clone() } else { dropped(&residual, dropout) };
    let scale = column_sums(rows, width, |row, sums| {
        let place = row * width..(row + 1) * width;
        add_products(&saved.values[place.clone()], &gradient[place], sums);
    });
    let shift = super::linear::by_bias(gradient, width);
    NormGradients { x, residual, scale, shift }
}

#[multiversion(targets("x86_64+avx2"))]
fn add(x: &[f32], residual: &[f32], result: &mut [f32]) {
    for ((x, residual), result) in x.iter().zip(residual).zip(result) {
        *result = x + residual;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_dropped(x: &[f32], residual: &[f32], result: &mut [f32], first: u32, dropout: Dropout) {
    for (place, ((x, residual), result)) in (first..).zip(x.iter().zip(residual).zip(result)) {
        *result = x * dropout.factor(place) + residual;
    }
}

/// Mean 0 and variance 1; gives 1 / deviation.
#[multiversion(targets("x86_64+avx2"))]
fn standardise(values: &mut [f32], epsilon: f32) -> f32 {
    let share = 1.0 / values.len() as f32;
    let mean = sum(values.len(), |place| values[place]) * share;
    for value in values.iter_mut() {
        *value -= mean;
    }
    let variance = sum(values.len(), |place| values[place] * values[place]) * share;
    let inverse = 1.0 / (variance + epsilon).sqrt();
    for value in values.iter_mut() {
        *value *= inverse;
    }
    inverse
}

#[multiversion(targets("x86_64+avx2"))]
fn scale_and_shift(values: &[f32], scale: &[f32], shift: &[f32], result: &mut [f32]) {
    for (((value, scale), shift), result) in values.iter().zip(scale).zip(shift).zip(result) {
        *result = value * scale + shift;
    }
}

/// Gradient by the sum that was normalised: `inverse * (d - mean(d) - v mean(d v))`, `d = gradient * scale`.
#[multiversion(targets("x86_64+avx2"))]
fn by_sum(values: &[f32], gradient: &[f32], scale: &[f32], inverse: f32, result: &mut [f32]) {
    let width = values.len();
    let (gradient, scale) = (&gradient[..width], &scale[..width]);
    let share = 1.0 / width as f32;
    let mean = sum(width, |place| gradient[place] * scale[place]) * share;
    let along = sum(width, |place| gradient[place] * scale[place] * values[place]) * share;
    for (((value, gradient), scale), result) in values.iter().zip(gradient).zip(scale).zip(result) {
        *result = inverse * (gradient * scale - mean - value * along);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_products(a: &[f32], b: &[f32], sums: &mut [f32]) {
    for ((a, b), sum) in a.iter().zip(b).zip(sums) {
        *sum += a * b;
    }
}

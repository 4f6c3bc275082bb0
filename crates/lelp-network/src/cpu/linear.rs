//! `y = x W^T + b`.

use rayon::prelude::*;

use super::BLOCK_ROWS;
use super::product::{Matrix, Write, multiply};

/// `[rows, outputs]` from `x` `[rows, inputs]`, `weight` `[outputs, inputs]` and `bias` `[outputs]`.
pub(crate) fn forward(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let outputs = bias.len();
    let inputs = weight.len() / outputs;
    let rows = x.len() / inputs;
    let mut y = vec![0.0; rows * outputs];
    y.par_chunks_mut(outputs * BLOCK_ROWS).for_each(|rows| {
        for row in rows.chunks_exact_mut(outputs) {
            row.copy_from_slice(bias);
        }
    });
    let weight = Matrix::new(weight, outputs, inputs).transposed();
    multiply(Matrix::new(x, rows, inputs), weight, 1.0, &mut y, outputs, Write::Add, true);
    y
}

/// Gradient by `x`, `[rows, inputs]`.
pub(crate) fn by_input(gradient: &[f32], weight: &[f32], outputs: usize) -> Vec<f32> {
    let (inputs, rows) = (weight.len() / outputs, gradient.len() / outputs);
    let mut result = vec![0.0; rows * inputs];
    let weight = Matrix::new(weight, outputs, inputs);
    let gradient = Matrix::new(gradient, rows, outputs);
    multiply(gradient, weight, 1.0, &mut result, inputs, Write::Replace, true);
    result
}

/// Gradient by `weight`, `[outputs, inputs]`.
pub(crate) fn by_weight(gradient: &[f32], x: &[f32], outputs: usize) -> Vec<f32> {
    let rows = gradient.len() / outputs;
    let inputs = x.len() / rows.max(1);
    let mut result = vec![0.0; outputs * inputs];
    let gradient = Matrix::new(gradient, rows, outputs).transposed();
    multiply(gradient, Matrix::new(x, rows, inputs), 1.0, &mut result, inputs, Write::Replace, true);
    result
}

/// Gradient by `bias`, `[outputs]`: sums of the columns.
pub(crate) fn by_bias(gradient: &[f32], outputs: usize) -> Vec<f32> {
    column_sums(gradient.len() / outputs, outputs, |row, sums| {
        for (sum, value) in sums.iter_mut().zip(&gradient[row * outputs..][..outputs]) {
            *sum += value;
        }
    })
}

/// Adds up `add(row, sums)` over all rows: block by block, and the blocks in order.
pub(super) fn column_sums(rows: usize, columns: usize, add: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let blocks: Vec<Vec<f32>> = (0..rows.div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .map(|block| {
            let mut sums = vec![0.0; columns];
            for row in block * BLOCK_ROWS..rows.min((block + 1) * BLOCK_ROWS) {
                add(row, &mut sums);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; columns];
    for block in blocks {
        for (total, sum) in total.iter_mut().zip(block) {
            *total += sum;
        }
    }
    total
}

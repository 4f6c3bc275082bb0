//! The encoder's operations on burn tensors.
//!
//! On the CPU each runs as one operation with its gradient by hand ([`fused`], arrays in [`super::cpu`]); on
//! other devices as its plain definition ([`plain`]), which burn differentiates. Tests hold the two against
//! each other.

mod fused;
mod plain;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

use std::sync::Arc;

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};
use lelp_model::checkpoint::Activation;

use super::cpu::attention::Spans;
use super::cpu::dropout::Dropout;

/// Whether `tensor` lives where the fused operations run.
fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    super::device::is_cpu(&tensor.device())
}

/// `x W^T + b`: `x` `[rows, inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`.
pub(super) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    if on_cpu(&x) { fused::linear(x, weight, bias) } else { plain::linear(x, weight, bias) }
}

/// The activation, element by element.
pub(super) fn activate(activation: Activation, x: Tensor<2>) -> Tensor<2> {
    if on_cpu(&x) { fused::activate(activation, x) } else { plain::activate(activation, x) }
}

/// Scale and shift of a layer normalisation, `[width]` each, and what is added to the variance.
pub(super) struct Norm {
    pub(super) scale: Tensor<1>,
    pub(super) shift: Tensor<1>,
    pub(super) epsilon: f32,
}

/// `norm(dropout(x) + residual)`, all `[rows, width]`.
pub(super) fn add_and_norm(x: Tensor<2>, residual: Tensor<2>, norm: Norm, dropout: Dropout) -> Tensor<2> {
    if on_cpu(&x) {
        fused::add_and_norm(x, residual, norm, dropout)
    } else {
        plain::add_and_norm(x, residual, norm, dropout)
    }
}

/// Values with a part of them dropped.
pub(super) fn drop_out(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.is_none() {
        x
    } else if on_cpu(&x) {
        fused::drop_out(x, dropout)
    } else {
        plain::drop_out(x, dropout)
    }
}

/// Queries `[rows, width]`, keys and values `[tokens, width]`, and where there is one a bias by distance
/// `[2 reach - 1, heads]`.
pub(super) struct AttentionInputs {
    pub(super) query: Tensor<2>,
    pub(super) key: Tensor<2>,
    pub(super) value: Tensor<2>,
    pub(super) bias: Option<Tensor<2>>,
}

/// Attention within each text; `[rows, width]`.
pub(super) fn attention(
    attended: AttentionInputs,
    heads: usize,
    spans: &Arc<Spans>,
    dropout: Dropout,
) -> Tensor<2> {
    if on_cpu(&attended.query) {
        fused::attention(attended, heads, spans, dropout)
    } else {
        plain::attention(attended, heads, spans, dropout)
    }
}

/// The rows `ids` of `table`.
pub(super) fn rows(table: Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let device = table.device();
    table.select(0, int_tensor(row_numbers(ids), &device))
}

fn int_tensor(values: Vec<i32>, device: &burn::tensor::Device) -> Tensor<1, Int> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// `table` with `values` added to its rows `ids`, each of which occurs once.
pub(super) fn add_rows(table: Tensor<2>, ids: &[u32], values: Tensor<2>) -> Tensor<2> {
    let device = table.device();
    table.select_assign(0, int_tensor(row_numbers(ids), &device), values, IndexingUpdateOp::Add)
}

fn row_numbers(ids: &[u32]) -> Vec<i32> {
    ids.iter().map(|&id| i32::try_from(id).expect("tables have fewer than 2^24 rows")).collect()
}

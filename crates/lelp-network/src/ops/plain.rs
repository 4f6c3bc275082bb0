//! The definitions that burn runs and differentiates on any device.

#![allow(clippy::cast_possible_wrap, reason = "places of a batch's tokens stay far below 2^31")]

use std::sync::Arc;

use burn::tensor::{Device, Distribution, Tensor, TensorData, activation as standard};
use lelp_model::checkpoint::Activation;

use super::{AttentionInputs, Norm, int_tensor};
use crate::cpu::attention::Spans;
use crate::cpu::dropout::Dropout;

/// Takes the score of a place that holds no token out of the softmax.
const MASKED: f32 = -1e9;

pub(super) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    x.matmul(weight.transpose()) + bias.unsqueeze()
}

pub(super) fn activate(activation: Activation, x: Tensor<2>) -> Tensor<2> {
    match activation {
        Activation::Gelu => standard::gelu(x),
        Activation::GeluTanh => {
            let cubic = x.clone() + x.clone().powi_scalar(3) * 0.044_715;
            let bent = (cubic * (2.0 / std::f64::consts::PI).sqrt()).tanh();
            x * 0.5 * (bent + 1.0)
        }
        Activation::Relu => standard::relu(x),
    }
}

pub(super) fn add_and_norm(x: Tensor<2>, residual: Tensor<2>, norm: Norm, dropout: Dropout) -> Tensor<2> {
    let sum = drop_out(x, dropout) + residual;
    let centred = sum.clone() - sum.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).mean_dim(1);
    let values = centred / (variance + norm.epsilon).sqrt();
    values * norm.scale.unsqueeze() + norm.shift.unsqueeze()
}

/// The device draws the mask: other bytes than the CPU's, with the same probability.
pub(super) fn drop_out<const D: usize>(x: Tensor<D>, dropout: Dropout) -> Tensor<D> {
    if dropout.is_none() {
        return x;
    }
    let device = x.device().without_autodiff();
    let kept = Tensor::random(x.dims(), Distribution::Bernoulli(dropout.kept()), &device);
    x * (kept / dropout.kept())
}

pub(super) fn attention(
    attended: AttentionInputs,
    heads: usize,
    spans: &Arc<Spans>,
    dropout: Dropout,
) -> Tensor<2> {
    let AttentionInputs { query, key, value, bias } = attended;
    let device = query.device();
    let width = query.dims()[1];
    let texts = spans.lengths.len();
    let keys = spans.lengths.iter().copied().max().unwrap_or(0);
    let queries = if spans.first_only { 1 } else { keys };
    let query_lengths: Vec<usize> =
        spans.lengths.iter().map(|&length| if spans.first_only { 1 } else { length }).collect();

    let by_head = |padded: Tensor<2>, places: usize| -> Tensor<4> {
        padded.reshape([texts, places, heads, width / heads]).swap_dims(1, 2)
    };
    let query = by_head(pad(query, &query_lengths, queries, &device), queries);
    let key = by_head(pad(key, &spans.lengths, keys, &device), keys);
    let value = by_head(pad(value, &spans.lengths, keys, &device), keys);
    let mut scores = query.matmul(key.swap_dims(2, 3)) / ((width / heads) as f64).sqrt();
    if let Some(bias) = bias {
        scores = scores + distance_bias(bias, queries, keys, heads, &device);
    }
    let probabilities = standard::softmax(scores + mask(&spans.lengths, keys, &device), 3);
    let mixed = drop_out(probabilities, dropout).matmul(value); // [texts, heads, queries, width / heads]
    let mixed: Tensor<2> = mixed.swap_dims(1, 2).reshape([texts * queries, width]);
    mixed.select(0, int_tensor(taken(&query_lengths, queries), &device))
}

/// Rows of the texts, each text padded to `places` with copies of the first row, which the mask hides.
fn pad(rows: Tensor<2>, lengths: &[usize], places: usize, device: &Device) -> Tensor<2> {
    let mut ids = Vec::with_capacity(lengths.len() * places);
    let mut first = 0;
    for &length in lengths {
        ids.extend((0..places).map(|place| if place < length { (first + place) as i32 } else { 0 }));
        first += length;
    }
    rows.select(0, int_tensor(ids, device))
}

/// Places of real tokens among the padded ones.
fn taken(lengths: &[usize], places: usize) -> Vec<i32> {
    let texts = lengths.iter().enumerate();
    texts.flat_map(|(text, &length)| (0..length).map(move |place| (text * places + place) as i32)).collect()
}

/// `[texts, 1, 1, keys]`: 0 for a token, else [`MASKED`].
fn mask(lengths: &[usize], keys: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = lengths
        .iter()
        .flat_map(|&length| (0..keys).map(move |place| if place < length { 0.0 } else { MASKED }))
        .collect();
    Tensor::from_data(TensorData::new(values, [lengths.len(), 1, 1, keys]), device)
}

/// `[1, heads, queries, keys]` from `[2 reach - 1, heads]`.
fn distance_bias(bias: Tensor<2>, queries: usize, keys: usize, heads: usize, device: &Device) -> Tensor<4> {
    let reach = bias.dims()[0].div_ceil(2);
    let ids =
        (0..queries).flat_map(|query| (0..keys).map(move |key| (key + reach - 1 - query) as i32)).collect();
    let chosen: Tensor<3> = bias.select(0, int_tensor(ids, device)).reshape([queries, keys, heads]);
    chosen.permute([2, 0, 1]).unsqueeze()
}

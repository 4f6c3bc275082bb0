//! Self-attention with its residual and normalisation.

use super::builder::{Value, integer};
use super::linear::transpose;
use super::{KeptTokens, WeightsError, Writer};
use crate::encoder::modules::Role;

/// Tokens that the last layer computes where only the first is asked for. The engine multiplies a single
/// row in another way, with other rounding: with two, a text alone gets the same bytes as among others.
const KEPT: i64 = 2;

/// `norm(hidden + output(softmax(q k^T / sqrt(head width) + bias) v))`.
pub(super) fn attention(
    writer: &mut Writer<'_>,
    layer: usize,
    hidden: &Value,
    bias: Option<&Value>,
    kept: KeptTokens,
) -> Result<Value, WeightsError> {
    let (mixed, residual) = match kept {
        KeptTokens::All => (all_tokens(writer, layer, hidden, bias)?, hidden.clone()),
        KeptTokens::First => first_tokens(writer, layer, hidden, bias)?,
    };
    let output = writer.linear(Role::AttentionOutput(layer), &mixed)?;
    writer.add_and_norm(Role::AttentionNorm(layer), &output, &residual)
}

/// Attention of every token, from one product for queries, keys and values.
///
/// The columns of the three matrices are interleaved as `[heads, 3, head width]`, the layout that the
/// fused operator reads in place, so that nothing is split or copied in between.
fn all_tokens(
    writer: &mut Writer<'_>,
    layer: usize,
    hidden: &Value,
    bias: Option<&Value>,
) -> Result<Value, WeightsError> {
    let (heads, head_width) = (writer.config.heads, writer.config.head_width());
    let (weight, offset) = packed_weight(writer, layer)?;
    let product = writer.graph.node("MatMul", &[hidden, &weight], vec![]); // [batch, tokens, 3 * width]
    let product = writer.graph.node("Add", &[&product, &offset], vec![]);
    let size = |size: usize| i64::try_from(size).expect("a checked config keeps sizes below 2^24");
    // A 0 keeps the size of the input.
    let shape = writer.graph.integers(&[5], &[0, 0, size(heads), 3, size(head_width)]);
    let packed = writer.graph.node("Reshape", &[&product, &shape], vec![]);
    Ok(fused_attention(writer, &[Some(&packed), None, None, None, None, bias]))
}

/// Attention of the first tokens to all, and their hidden vectors: both `[batch, kept, width]`.
fn first_tokens(
    writer: &mut Writer<'_>,
    layer: usize,
    hidden: &Value,
    bias: Option<&Value>,
) -> Result<(Value, Value), WeightsError> {
    let first = first_along(writer, hidden, 1);
    let query = writer.linear(Role::Query(layer), &first)?;
    let key = writer.linear(Role::Key(layer), hidden)?;
    let value = writer.linear(Role::Value(layer), hidden)?;
    let bias = bias.map(|bias| first_along(writer, bias, 2)); // [1, heads, kept, tokens]
    let inputs = [Some(&query), Some(&key), Some(&value), None, None, bias.as_ref()];
    Ok((fused_attention(writer, &inputs), first))
}

fn fused_attention(writer: &mut Writer<'_>, inputs: &[Option<&Value>]) -> Value {
    let heads = i64::try_from(writer.config.heads).expect("a checked config keeps sizes below 2^24");
    writer.graph.contrib_node("MultiHeadAttention", inputs, vec![integer("num_heads", heads)])
}

/// The first [`KEPT`] slices along `axis`.
fn first_along(writer: &mut Writer<'_>, value: &Value, axis: i64) -> Value {
    let start = writer.graph.integers(&[1], &[0]);
    let end = writer.graph.integers(&[1], &[KEPT]);
    let axis = writer.graph.integers(&[1], &[axis]);
    writer.graph.node("Slice", &[value, &start, &end, &axis], vec![])
}

/// Weight `[width, heads * 3 * head width]` and bias of queries, keys and values in one.
fn packed_weight(writer: &mut Writer<'_>, layer: usize) -> Result<(Value, Value), WeightsError> {
    let (config, head_width, width) = (writer.config, writer.config.head_width(), writer.config.width);
    let parts = [Role::Query(layer), Role::Key(layer), Role::Value(layer)].map(|role| config.module(role));
    let column_of = |part: usize, output: usize| {
        let (head, place) = (output / head_width, output % head_width);
        (head * 3 + part) * head_width + place
    };

    let mut weights = Vec::with_capacity(3);
    let mut biases = Vec::with_capacity(3);
    for part in &parts {
        weights.push(writer.weights.read(&part.weight())?);
        let bias = part.bias().expect("a dense layer has one");
        biases.push(writer.weights.read(&bias)?);
    }
    let weight = writer.graph.weight(&format!("packed.{layer}.weight"), &[width, 3 * width], |buffer| {
        for (part, stored) in weights.iter().enumerate() {
            transpose(stored, width, buffer, 3 * width, |output| column_of(part, output));
        }
    });
    let bias = writer.graph.weight(&format!("packed.{layer}.bias"), &[3 * width], |buffer| {
        for (part, stored) in biases.iter().enumerate() {
            for (output, &value) in stored.iter().enumerate() {
                buffer[column_of(part, output)] = value;
            }
        }
    });
    Ok((weight, bias))
}

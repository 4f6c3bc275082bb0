//! Self-attention with its residual and normalisation.
//!
//! In standard operators: on `MiniLM` the engine takes as long with them as with ONNX Runtime's own fused attention.

use super::builder::{Value, integer, integers};
use super::{KeptTokens, WeightsError, Writer, size};
use crate::checkpoint::ModuleRole;

/// Tokens that the last layer computes where only the first is asked for. The engine multiplies a single
/// row in another way, with other rounding: with two, a text alone gets the same bytes as among others.
const KEPT: i64 = 2;

/// `norm(hidden + output(softmax(q k^T / sqrt(head width) + bias) v))`; `bias` goes with
/// `[batch, heads, tokens, tokens]`, any of its sizes may be 1.
pub(super) fn attention(
    writer: &mut Writer<'_>,
    layer: usize,
    hidden: &Value,
    bias: Option<&Value>,
    kept: KeptTokens,
) -> Result<Value, WeightsError> {
    let (residual, bias) = match kept {
        KeptTokens::All => (hidden.clone(), bias.cloned()),
        KeptTokens::First => (first_along(writer, hidden, 1), bias.map(|bias| first_along(writer, bias, 2))),
    };
    let mixed = attend(writer, layer, &residual, hidden, bias.as_ref())?;
    let output = writer.linear(ModuleRole::AttentionOutput(layer), &mixed)?;
    writer.add_and_norm(ModuleRole::AttentionNorm(layer), &output, &residual)
}

/// Attention of the tokens `some` `[batch, kept, width]` to all of `hidden` `[batch, tokens, width]`.
fn attend(
    writer: &mut Writer<'_>,
    layer: usize,
    some: &Value,
    hidden: &Value,
    bias: Option<&Value>,
) -> Result<Value, WeightsError> {
    let query = heads(writer, ModuleRole::Query(layer), some, &[0, 2, 1, 3])?; // [batch, heads, kept, head width]
    let key = heads(writer, ModuleRole::Key(layer), hidden, &[0, 2, 3, 1])?; // [batch, heads, head width, tokens]
    let value = heads(writer, ModuleRole::Value(layer), hidden, &[0, 2, 1, 3])?; // [batch, heads, tokens, head width]
    let product = writer.graph.node("MatMul", &[&query, &key], vec![]); // [batch, heads, kept, tokens]
    let scale = writer.graph.number(1.0 / (writer.config.head_width() as f32).sqrt());
    let mut scores = writer.graph.node("Mul", &[&product, &scale], vec![]);
    if let Some(bias) = bias {
        scores = writer.graph.node("Add", &[&scores, bias], vec![]);
    }
    let shares = writer.graph.node("Softmax", &[&scores], vec![integer("axis", -1)]);
    let mixed = writer.graph.node("MatMul", &[&shares, &value], vec![]); // [batch, heads, kept, head width]
    let order = vec![integers("perm", &[0, 2, 1, 3])];
    let mixed = writer.graph.node("Transpose", &[&mixed], order); // [batch, kept, heads, head width]
    let shape = writer.graph.integers(&[3], &[0, 0, size(writer.config.width)]);
    Ok(writer.graph.node("Reshape", &[&mixed, &shape], vec![]))
}

/// A dense layer's outputs, split among the heads; `order` of `[batch, tokens, heads, head width]`.
fn heads(
    writer: &mut Writer<'_>,
    role: ModuleRole,
    input: &Value,
    order: &[i64],
) -> Result<Value, WeightsError> {
    let (count, width) = (size(writer.config.heads), size(writer.config.head_width()));
    let product = writer.linear(role, input)?;
    // A 0 keeps the size of the input.
    let shape = writer.graph.integers(&[4], &[0, 0, count, width]);
    let split = writer.graph.node("Reshape", &[&product, &shape], vec![]);
    Ok(writer.graph.node("Transpose", &[&split], vec![integers("perm", order)]))
}

/// The first [`KEPT`] slices along `axis`.
fn first_along(writer: &mut Writer<'_>, value: &Value, axis: i64) -> Value {
    let start = writer.graph.integers(&[1], &[0]);
    let end = writer.graph.integers(&[1], &[KEPT]);
    let axis = writer.graph.integers(&[1], &[axis]);
    writer.graph.node("Slice", &[value, &start, &end, &axis], vec![])
}

//! Hidden vectors of a text's tokens to one vector, padding left out.

use super::Writer;
use super::builder::{Value, integer};
use super::mask::Mask;
use crate::pooling::Pooling;

/// Pools `hidden` `[batch, tokens, width]` to `[batch, width]`.
pub(super) fn pooled(
    writer: &mut Writer<'_>,
    hidden: &Value,
    mask: &Mask,
    pooling: Pooling,
    normalize: bool,
) -> Value {
    let graph = &mut writer.graph;
    let squeeze = || vec![integer("keepdims", 0)];
    let pooled = match pooling {
        Pooling::Cls => {
            let first = graph.integers(&[], &[0]);
            graph.node("Gather", &[hidden, &first], vec![integer("axis", 1)])
        }
        Pooling::Mean => {
            let (axis, columns) = (graph.integers(&[1], &[1]), graph.integers(&[1], &[2]));
            let present = graph.node("Unsqueeze", &[mask.present(), &columns], vec![]); // [batch, tokens, 1]
            let kept = graph.node("Mul", &[hidden, &present], vec![]);
            let sum = graph.node("ReduceSum", &[&kept, &axis], squeeze());
            let count = graph.node("ReduceSum", &[&present, &axis], squeeze()); // [batch, 1]
            graph.node("Div", &[&sum, &count], vec![])
        }
        Pooling::Max => {
            let (axis, columns) = (graph.integers(&[1], &[1]), graph.integers(&[1], &[2]));
            let lowest = graph.node("Unsqueeze", &[mask.lowest(), &columns], vec![]); // [batch, tokens, 1]
            let kept = graph.node("Add", &[hidden, &lowest], vec![]);
            graph.node("ReduceMax", &[&kept, &axis], squeeze())
        }
    };
    if !normalize {
        return pooled;
    }
    let axis = graph.integers(&[1], &[1]);
    let length = graph.node("ReduceL2", &[&pooled, &axis], vec![integer("keepdims", 1)]); // [batch, 1]
    // As torch.nn.functional.normalize does it.
    let least = graph.number(1e-12);
    let length = graph.node("Max", &[&length, &least], vec![]);
    graph.node("Div", &[&pooled, &length], vec![])
}

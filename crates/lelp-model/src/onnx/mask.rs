//! Which tokens are text and which padding.

use super::builder::{Element, Value, integer};
use super::{ATTENTION_MASK, Writer};

/// The attention mask in the forms that blocks need.
pub(super) struct Mask {
    /// 1 for text, 0 for padding: `[batch, tokens]`, f32.
    present: Value,
    /// 0 for text, the lowest f32 for padding: `[batch, tokens]`.
    lowest: Value,
    /// The same, `[batch, 1, 1, tokens]`: added to attention scores.
    bias: Value,
}

impl Mask {
    /// Declares the input: 1 for text, 0 for padding, `[batch, tokens]`.
    pub(super) fn new(writer: &mut Writer<'_>) -> Self {
        let input = writer.ids(ATTENTION_MASK);
        let graph = &mut writer.graph;
        let present = graph.node("Cast", &[&input], vec![integer("to", Element::Float as i64)]);
        let one = graph.number(1.0);
        let absent = graph.node("Sub", &[&one, &present], vec![]);
        // The lowest number, not minus infinity, as in transformers: a row that is all padding then stays finite.
        let far = graph.number(f32::MIN);
        let lowest = graph.node("Mul", &[&absent, &far], vec![]);
        let axes = graph.integers(&[2], &[1, 2]);
        let bias = graph.node("Unsqueeze", &[&lowest, &axes], vec![]);
        Self { present, lowest, bias }
    }

    pub(super) fn present(&self) -> &Value {
        &self.present
    }

    pub(super) fn lowest(&self) -> &Value {
        &self.lowest
    }

    pub(super) fn bias(&self) -> &Value {
        &self.bias
    }
}

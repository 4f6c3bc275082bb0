//! The classification head, and the log-sum-exp over each class's subclasses.

use super::builder::{Value, integer};
use super::linear::transpose;
use super::{Writer, size};
use crate::checkpoint::HeadActivation;
use crate::head::ClassifierHead;
use crate::layer::Layer;

/// Embedding `[batch, embedding width]` and class logits `[batch, classes]` of `encoding` `[batch, width]`.
pub(super) fn classify(writer: &mut Writer<'_>, encoding: &Value, head: &ClassifierHead) -> (Value, Value) {
    let embedding = match head.hidden() {
        None => encoding.clone(),
        Some((hidden, activation)) => {
            let hidden = layer(writer, "head.hidden", hidden, encoding);
            let operator = match activation {
                HeadActivation::Relu => "Relu",
                HeadActivation::Tanh => "Tanh",
            };
            writer.graph.node(operator, &[&hidden], vec![])
        }
    };
    let outputs = layer(writer, "head.output", head.output(), &embedding);
    let logits = match head.subclasses().get() {
        1 => outputs,
        subclasses => collapse(writer, &outputs, head.classes(), subclasses),
    };
    (embedding, logits)
}

fn layer(writer: &mut Writer<'_>, name: &str, layer: &Layer, input: &Value) -> Value {
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let weight = writer.graph.weight(&format!("{name}.weight"), &[inputs, outputs], |buffer| {
        transpose(layer.weight(), inputs, buffer, outputs, |output| output);
    });
    let copy = |buffer: &mut [f32]| buffer.copy_from_slice(layer.bias());
    let bias = writer.graph.weight(&format!("{name}.bias"), &[outputs], copy);
    let product = writer.graph.node("MatMul", &[input, &weight], vec![]);
    writer.graph.node("Add", &[&product, &bias], vec![])
}

/// `max + ln sum exp(outputs - max)` over each class's subclasses: `ReduceLogSumExp` alone may overflow in a runtime
/// that takes its definition at its word.
fn collapse(writer: &mut Writer<'_>, outputs: &Value, classes: usize, subclasses: usize) -> Value {
    let graph = &mut writer.graph;
    let shape = graph.integers(&[3], &[0, size(classes), size(subclasses)]);
    let split = graph.node("Reshape", &[outputs, &shape], vec![]); // [batch, classes, subclasses]
    let axis = graph.integers(&[1], &[2]);
    let most = graph.node("ReduceMax", &[&split, &axis], vec![integer("keepdims", 1)]);
    let rest = graph.node("Sub", &[&split, &most], vec![]);
    let rest = graph.node("Exp", &[&rest], vec![]);
    let sum = graph.node("ReduceSum", &[&rest, &axis], vec![integer("keepdims", 0)]); // [batch, classes]
    let log = graph.node("Log", &[&sum], vec![]);
    let most = graph.node("Squeeze", &[&most, &axis], vec![]);
    graph.node("Add", &[&most, &log], vec![])
}

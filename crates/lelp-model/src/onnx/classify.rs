//! The classification head, and the log-sum-exp over each class's subclasses.

use lelp::CalibrationTemperature;

use super::builder::{Dimension, GraphBuilder, Value, integer};
use super::linear::transpose;
use super::{EMBEDDING, LOGITS, size};
use crate::checkpoint::HeadActivation;
use crate::head::ClassifierHead;
use crate::layer::Layer;

/// Declares what `head` gives for `encoding` `[batch, width]`: class logits `[batch, classes]`, divided by the temperature
/// where there is one, and the embedding `[batch, embedding width]` that its last layer reads.
pub(super) fn classify(
    graph: &mut GraphBuilder,
    encoding: &Value,
    head: &ClassifierHead,
    temperature: Option<CalibrationTemperature>,
) {
    let (embedding, mut logits) = layers(graph, encoding, head);
    if let Some(temperature) = temperature {
        let temperature = graph.number(temperature.get() as f32);
        logits = graph.node("Div", &[&logits, &temperature], vec![]);
    }
    let row = |columns: usize| [Dimension::Named("batch"), Dimension::Fixed(columns)];
    graph.output(LOGITS, &logits, &row(head.classes()));
    graph.output(EMBEDDING, &embedding, &row(head.embedding_width()));
}

/// Embedding and class logits.
fn layers(graph: &mut GraphBuilder, encoding: &Value, head: &ClassifierHead) -> (Value, Value) {
    let embedding = match head.hidden() {
        None => encoding.clone(),
        Some((hidden, activation)) => {
            let hidden = layer(graph, "head.hidden", hidden, encoding);
            let operator = match activation {
                HeadActivation::Relu => "Relu",
                HeadActivation::Tanh => "Tanh",
            };
            graph.node(operator, &[&hidden], vec![])
        }
    };
    let outputs = layer(graph, "head.output", head.output(), &embedding);
    let logits = match head.subclasses().get() {
        1 => outputs,
        subclasses => collapse(graph, &outputs, head.classes(), subclasses),
    };
    (embedding, logits)
}

fn layer(graph: &mut GraphBuilder, name: &str, layer: &Layer, input: &Value) -> Value {
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let weight = graph.weight(&format!("{name}.weight"), &[inputs, outputs], |buffer| {
        transpose(layer.weight(), inputs, buffer, outputs, |output| output);
    });
    let copy = |buffer: &mut [f32]| buffer.copy_from_slice(layer.bias());
    let bias = graph.weight(&format!("{name}.bias"), &[outputs], copy);
    let product = graph.node("MatMul", &[input, &weight], vec![]);
    graph.node("Add", &[&product, &bias], vec![])
}

/// `max + ln sum exp(outputs - max)` over each class's subclasses: `ReduceLogSumExp` alone may overflow in a runtime
/// that takes its definition at its word.
fn collapse(graph: &mut GraphBuilder, outputs: &Value, classes: usize, subclasses: usize) -> Value {
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

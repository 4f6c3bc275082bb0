//! The graph of a network on columns: an input for each vector, number and category, those of a text where one is read.

use lelp::CalibrationTemperature;

use super::builder::{Dimension, Element, GraphBuilder, OnnxGraph, Value, integer};
use super::{WeightsError, Writer, classify, encoding, size};
use crate::checkpoint::{EncoderConfig, Weights};
use crate::mlp::{CategoryTable, InputColumn, InputLayout, MlpModel};
use crate::pooling::Pooling;
use crate::predictor::Teacher;

/// The encoder that reads a text, as it is on disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EncodedText<'a> {
    pub(crate) config: &'a EncoderConfig,
    pub(crate) weights: &'a Weights,
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
}

/// The graph from columns to logits of classes and the vector that the last layer reads: f32 `[batch, width]` for a vector,
/// f32 `[batch]` for a number (not a number where it is missing), i64 `[batch]` for a category (0 for a missing or unknown
/// word, then the words in their order), and the inputs of padded texts.
pub(crate) fn columns_graph(
    model: &MlpModel,
    text: Option<&EncodedText<'_>>,
    temperature: Option<CalibrationTemperature>,
) -> Result<OnnxGraph, WeightsError> {
    let head = model.head();
    let tables = model.category_tables();
    let elements = head.elements() + tables.iter().map(|table| table.values.len()).sum::<usize>();
    let (mut graph, encoding) = match text {
        None => (GraphBuilder::new("mlp", elements * size_of::<f32>()), None),
        Some(text) => {
            let mut writer = Writer::new(text.config, text.weights, elements);
            let encoding = encoding(&mut writer, text.pooling, text.normalize)?;
            (writer.graph, Some(encoding))
        }
    };
    let (mut values, mut categories) = (Vec::new(), Vec::new());
    for column in &model.config().columns {
        match column {
            InputColumn::Text { .. } => values.extend(encoding.clone()),
            InputColumn::TextPair { .. } => {}
            InputColumn::Vector { name, width } => {
                let shape = [Dimension::Named("batch"), Dimension::Fixed(*width)];
                values.push(graph.input(name, Element::Float, &shape));
            }
            &InputColumn::Number { ref name, mean, deviation } => {
                values.push(number(&mut graph, name, mean, deviation));
            }
            InputColumn::Category { name, .. } => {
                let place = categories.len();
                categories.push(category(&mut graph, name, place, &tables[place]));
            }
        }
    }
    values.extend(categories);
    let values: Vec<&Value> = values.iter().collect();
    let inputs = graph.node("Concat", &values, vec![integer("axis", 1)]);
    classify::classify(&mut graph, &inputs, head, temperature);
    Ok(graph.finish())
}

/// A number's two values `[batch, 2]`: standardised and bounded, and whether it is missing.
fn number(graph: &mut GraphBuilder, name: &str, mean: f64, deviation: f64) -> Value {
    let input = graph.input(name, Element::Float, &[Dimension::Named("batch")]);
    let missing = graph.node("IsNaN", &[&input], vec![]);
    let to = vec![integer("to", size(Element::Float as usize))];
    let flag = graph.node("Cast", &[&missing], to);
    let mean = graph.number(mean as f32);
    let deviation = graph.number((deviation as f32).max(f32::MIN_POSITIVE));
    let most = InputLayout::MOST_DEVIATIONS as f32;
    let (least, most, zero) = (graph.number(-most), graph.number(most), graph.number(0.0));
    let centred = graph.node("Sub", &[&input, &mean], vec![]);
    let standardised = graph.node("Div", &[&centred, &deviation], vec![]);
    let bounded = graph.node("Clip", &[&standardised, &least, &most], vec![]);
    let value = graph.node("Where", &[&missing, &zero, &bounded], vec![]);
    let axis = graph.integers(&[1], &[1]);
    let [value, flag] = [value, flag].map(|value| graph.node("Unsqueeze", &[&value, &axis], vec![]));
    graph.node("Concat", &[&value, &flag], vec![integer("axis", 1)])
}

/// The rows `[batch, width]` of a category's table.
fn category(graph: &mut GraphBuilder, name: &str, place: usize, table: &CategoryTable) -> Value {
    let words = graph.input(name, Element::Int64, &[Dimension::Named("batch")]);
    let shape = [table.values.len() / table.width, table.width];
    let copy = |buffer: &mut [f32]| buffer.copy_from_slice(&table.values);
    let values = graph.weight(&format!("category.{place}.weight"), &shape, copy);
    graph.node("Gather", &[&values, &words], vec![integer("axis", 0)])
}

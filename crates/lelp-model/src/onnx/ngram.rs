//! The graphs of students over bags of features, n-gram and static ones: features of a batch of rows to class logits.

use lelp::CalibrationTemperature;

use super::builder::{Dimension, Element, GraphBuilder, OnnxGraph, Value, integer};
use super::{INPUT_IDS, OFFSETS, PIECE_IDS, PIECE_OFFSETS, classify, size};
use crate::ngram::{FeatureTable, NgramModel};
use crate::static_embeddings::{StaticEmbeddings, StaticModel};

/// The graph from the buckets `input_ids` `[features]` of all rows, one row behind the other, and the place `offsets`
/// `[batch]` where each row's begin, to logits of classes and the vector they are read from.
pub(crate) fn ngram_graph(model: &NgramModel, temperature: Option<CalibrationTemperature>) -> OnnxGraph {
    let (table, head) = (model.table(), model.head());
    let tables = [Some(table), model.static_embeddings().map(StaticEmbeddings::table)];
    let values = tables.into_iter().flatten().map(|table| table.rows() * table.width());
    let elements = values.sum::<usize>() + head.elements();
    let mut graph = GraphBuilder::new("ngram", elements * size_of::<f32>());
    let input_ids = graph.input(INPUT_IDS, Element::Int64, &[Dimension::Named("features")]);
    let offsets = graph.input(OFFSETS, Element::Int64, &[Dimension::Named("batch")]);
    let mut features = mean(&mut graph, "table", table, &input_ids, &offsets);
    if let Some(embeddings) = model.static_embeddings() {
        let pieces = graph.input(PIECE_IDS, Element::Int64, &[Dimension::Named("pieces")]);
        let starts = graph.input(PIECE_OFFSETS, Element::Int64, &[Dimension::Named("batch")]);
        let static_mean = mean(&mut graph, "static", embeddings.table(), &pieces, &starts);
        features = graph.node("Concat", &[&features, &static_mean], vec![integer("axis", 1)]);
    }
    classify::classify(&mut graph, &features, &head, temperature);
    graph.finish()
}

/// The graph from the pieces `input_ids` `[pieces]` of all rows, one row behind the other, and the place `offsets` `[batch]`
/// where each row's begin, to logits of classes and the vector they are read from.
pub(crate) fn static_graph(model: &StaticModel, temperature: Option<CalibrationTemperature>) -> OnnxGraph {
    let (table, head) = (model.embeddings().table(), model.head());
    let elements = table.rows() * table.width() + head.elements();
    let mut graph = GraphBuilder::new("static", elements * size_of::<f32>());
    let input_ids = graph.input(INPUT_IDS, Element::Int64, &[Dimension::Named("pieces")]);
    let offsets = graph.input(OFFSETS, Element::Int64, &[Dimension::Named("batch")]);
    let mean = mean(&mut graph, "static", table, &input_ids, &offsets);
    classify::classify(&mut graph, &mean, &head, temperature);
    graph.finish()
}

/// Mean of each row's vectors, `[batch, width]`; zero where it has none.
///
/// Rows are padded to the longest one inside, and a product of matrices takes the mean: segment sums by `ScatterND` have
/// no order of their own where a runtime writes them in parallel, and differences of running sums lose digits.
fn mean(
    graph: &mut GraphBuilder,
    name: &str,
    table: &FeatureTable,
    input_ids: &Value,
    offsets: &Value,
) -> Value {
    let column = graph.integers(&[1], &[1]);
    let features = graph.node("Shape", &[input_ids], vec![]); // [1]
    let lengths = lengths(graph, offsets, &features);
    let places = places(graph, &lengths);
    let lengths = graph.node("Unsqueeze", &[&lengths, &column], vec![]); // [batch, 1]
    let inside = graph.node("Less", &[&places, &lengths], vec![]); // [batch, longest]
    let share = share(graph, &lengths, &inside);

    let starts = graph.node("Unsqueeze", &[offsets, &column], vec![]);
    let taken = graph.node("Add", &[&starts, &places], vec![]); // [batch, longest]
    // Places behind a row's end take the bucket 0 that stands behind all others; its share is 0.
    let taken = graph.node("Where", &[&inside, &taken, &features], vec![]);
    let filler = graph.integers(&[1], &[0]);
    let all = graph.node("Concat", &[input_ids, &filler], vec![integer("axis", 0)]);
    let mut rows = graph.node("Gather", &[&all, &taken], vec![integer("axis", 0)]);
    if let Some(row_of_bucket) = table.row_of_buckets() {
        let row_of_bucket = graph.integers(&[row_of_bucket.len()], &row_of_bucket);
        rows = graph.node("Gather", &[&row_of_bucket, &rows], vec![integer("axis", 0)]);
    }
    let values = graph.weight(name, &[table.rows(), table.width()], |buffer| table.write_rows(buffer));
    let vectors = graph.node("Gather", &[&values, &rows], vec![integer("axis", 0)]); // [batch, longest, width]
    let mean = graph.node("MatMul", &[&share, &vectors], vec![]); // [batch, 1, width]
    graph.node("Squeeze", &[&mean, &column], vec![])
}

/// Features of each row, `[batch]`: up to where the next row begins, or the last one ends.
fn lengths(graph: &mut GraphBuilder, offsets: &Value, features: &Value) -> Value {
    let start = graph.integers(&[1], &[1]);
    let end = graph.integers(&[1], &[i64::from(i32::MAX)]);
    let next = graph.node("Slice", &[offsets, &start, &end], vec![]);
    let ends = graph.node("Concat", &[&next, features], vec![integer("axis", 0)]);
    graph.node("Sub", &[&ends, offsets], vec![])
}

/// `0, 1, ..` up to the longest row, one place at least: a product of no columns is left to no runtime.
fn places(graph: &mut GraphBuilder, lengths: &Value) -> Value {
    let one = graph.integers(&[1], &[1]);
    let lengths = graph.node("Concat", &[lengths, &one], vec![integer("axis", 0)]);
    let longest = graph.node("ReduceMax", &[&lengths], vec![integer("keepdims", 0)]);
    let (start, step) = (graph.integers(&[], &[0]), graph.integers(&[], &[1]));
    graph.node("Range", &[&start, &longest, &step], vec![])
}

/// What each feature counts for in its row's mean, `[batch, 1, longest]`: one over the row's features, 0 behind its end.
fn share(graph: &mut GraphBuilder, lengths: &Value, inside: &Value) -> Value {
    let single = || vec![integer("to", size(Element::Float as usize))];
    let (inside, lengths) =
        (graph.node("Cast", &[inside], single()), graph.node("Cast", &[lengths], single()));
    let least = graph.number(1.0);
    let lengths = graph.node("Max", &[&lengths, &least], vec![]);
    let share = graph.node("Div", &[&inside, &lengths], vec![]);
    let axis = graph.integers(&[1], &[1]);
    graph.node("Unsqueeze", &[&share, &axis], vec![])
}

//! The relative position bias that `MPNet` adds to attention scores, shared by all layers.

use super::builder::{Value, integer};
use super::{WeightsError, Writer, embeddings::places};
use crate::checkpoint::{EncoderConfig, ModuleRole, Weights};

/// Elements of the table that [`position_bias`] writes.
pub(super) fn table_len(config: &EncoderConfig) -> usize {
    config.relative_bias.map_or(0, |_| config.heads * distances(config))
}

/// Bias of every (query, key) place, `[1, heads, tokens, tokens]`; none where the family has none.
///
/// The bias depends on the distance alone, so the learned table by bucket is written out by distance and
/// the graph looks up `key - query`.
pub(super) fn position_bias(
    writer: &mut Writer<'_>,
    input_ids: &Value,
) -> Result<Option<Value>, WeightsError> {
    let config = writer.config;
    let Some(values) = bias_by_distance(config, writer.weights)? else {
        return Ok(None);
    };
    let longest = config.longest();
    let shape = [config.heads, distances(config)];
    let table =
        writer.graph.weight("relative_bias_by_distance", &shape, |buffer| buffer.copy_from_slice(&values));

    let columns = writer.graph.integers(&[1], &[0]);
    let rows = writer.graph.integers(&[1], &[1]);
    // Shifted by longest - 1, so that the smallest distance has index 0.
    let keys = places(writer, input_ids, longest - 1);
    let keys = writer.graph.node("Unsqueeze", &[&keys, &columns], vec![]); // [1, tokens]
    let queries = places(writer, input_ids, 0);
    let queries = writer.graph.node("Unsqueeze", &[&queries, &rows], vec![]); // [tokens, 1]
    let distance = writer.graph.node("Sub", &[&keys, &queries], vec![]); // [tokens, tokens]
    let bias = writer.graph.node("Gather", &[&table, &distance], vec![integer("axis", 1)]);
    Ok(Some(writer.graph.node("Unsqueeze", &[&bias, &columns], vec![]))) // [1, heads, tokens, tokens]
}

/// The learned table by bucket written out by distance, `[heads, distances]`; none where the family has none.
pub(crate) fn bias_by_distance(
    config: &EncoderConfig,
    weights: &Weights,
) -> Result<Option<Vec<f32>>, WeightsError> {
    let Some(relative) = config.relative_bias else {
        return Ok(None);
    };
    let (heads, longest) = (config.heads, config.longest());
    let learned = weights.read(&config.module(ModuleRole::RelativeBias).weight())?; // [buckets, heads]
    let value = |head: usize, index: usize| learned[relative.bucket(index, longest - 1) * heads + head];
    let rows = (0..heads).flat_map(|head| (0..distances(config)).map(move |index| (head, index)));
    Ok(Some(rows.map(|(head, index)| value(head, index)).collect()))
}

/// Distances from -(longest - 1) to longest - 1.
fn distances(config: &EncoderConfig) -> usize {
    2 * config.longest() - 1
}

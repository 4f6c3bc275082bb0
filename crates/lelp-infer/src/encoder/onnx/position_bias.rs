//! The relative position bias that `MPNet` adds to attention scores, shared by all layers.
//!
//! Raffel et al. 2020, arXiv:1910.10683 (bidirectional buckets): distances below a quarter of the buckets
//! have one each, larger ones share buckets logarithmically up to a farthest distance, and the sign
//! chooses the half of the buckets.

use super::builder::{Value, integer};
use super::{WeightsError, Writer, embeddings::places};
use crate::encoder::config::{EncoderConfig, RelativeBias};
use crate::encoder::modules::Role;

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
    let Some(relative) = config.relative_bias else {
        return Ok(None);
    };
    let (heads, longest) = (config.heads, config.longest());
    let learned = writer.weights.read(&config.module(Role::RelativeBias).weight())?; // [buckets, heads]
    let table = writer.graph.weight("relative_bias_by_distance", &[heads, distances(config)], |buffer| {
        for (head, row) in buffer.chunks_exact_mut(distances(config)).enumerate() {
            for (index, value) in row.iter_mut().enumerate() {
                *value = learned[bucket(index, longest - 1, relative) * heads + head];
            }
        }
    });

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

/// Distances from -(longest - 1) to longest - 1.
fn distances(config: &EncoderConfig) -> usize {
    2 * config.longest() - 1
}

/// Bucket of `key - query = index - zero`.
fn bucket(index: usize, zero: usize, relative: RelativeBias) -> usize {
    let half = relative.buckets / 2;
    let (side, distance) = if index > zero { (half, index - zero) } else { (0, zero - index) };
    let exact = half / 2;
    if distance < exact {
        return side + distance;
    }
    // In f32, as PyTorch does it: in f64 a distance on a bucket's edge could fall on the other side.
    let reach = (distance as f32 / exact as f32).ln() / (relative.farthest as f32 / exact as f32).ln();
    #[allow(clippy::cast_sign_loss)] // `distance >= exact`, so the logarithm is not negative
    let far = exact + (reach * (half - exact) as f32) as usize;
    side + far.min(half - 1)
}

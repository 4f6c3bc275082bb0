//! Token, position and token type embeddings, normalised.

use super::builder::{Value, integer};
use super::{TOKEN_TYPE_IDS, WeightsError, Writer, size};
use crate::checkpoint::ModuleRole;
use crate::checkpoint::TokenTypes;

/// `norm(word[id] + position[place] + token_type[type])`, `[batch, tokens, width]`.
pub(super) fn embeddings(writer: &mut Writer<'_>, input_ids: &Value) -> Result<Value, WeightsError> {
    let config = writer.config;
    let words = writer.weight(ModuleRole::WordEmbeddings)?;
    let mut sum = writer.graph.node("Gather", &[&words, input_ids], vec![integer("axis", 0)]);

    let table = writer.weight(ModuleRole::PositionEmbeddings)?;
    let places = places(writer, input_ids, config.first_position);
    let positions = writer.graph.node("Gather", &[&table, &places], vec![integer("axis", 0)]); // [tokens, width]
    sum = writer.graph.node("Add", &[&sum, &positions], vec![]);

    let types = match config.family.token_types {
        TokenTypes::None => None,
        TokenTypes::Input => {
            let types = writer.weight(ModuleRole::TokenTypeEmbeddings)?;
            let ids = writer.ids(TOKEN_TYPE_IDS);
            Some(writer.graph.node("Gather", &[&types, &ids], vec![integer("axis", 0)]))
        }
        TokenTypes::AlwaysFirst => {
            let table = config.module(ModuleRole::TokenTypeEmbeddings).weight();
            let (stored, width) = (writer.weights.read(&table)?, config.embedding_width);
            let first = |buffer: &mut [f32]| buffer.copy_from_slice(&stored[..width]);
            Some(writer.graph.weight(&table.name, &[width], first))
        }
    };
    if let Some(types) = types {
        sum = writer.graph.node("Add", &[&sum, &types], vec![]);
    }
    let normed = writer.norm(ModuleRole::EmbeddingNorm, &sum)?;
    if config.family.factorised {
        return writer.linear(ModuleRole::EmbeddingProjection, &normed);
    }
    Ok(normed)
}

/// `first, first + 1, ..`, one for each token: `[tokens]`.
pub(super) fn places(writer: &mut Writer<'_>, input_ids: &Value, first: usize) -> Value {
    let shape = writer.graph.node("Shape", &[input_ids], vec![]);
    let axis = writer.graph.integers(&[], &[1]);
    let tokens = writer.graph.node("Gather", &[&shape, &axis], vec![integer("axis", 0)]);
    let start = writer.graph.integers(&[], &[size(first)]);
    let step = writer.graph.integers(&[], &[1]);
    let end = writer.graph.node("Add", &[&tokens, &start], vec![]);
    writer.graph.node("Range", &[&start, &end, &step], vec![])
}

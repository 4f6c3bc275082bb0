//! ONNX graphs of encoders, written from Hugging Face weights.
//!
//! Input `input_ids` `[batch, tokens]` (and `token_type_ids` where the family has them); output
//! `hidden` `[batch, tokens, width]`, of which only the first tokens where no more are asked for.
//! There is no attention mask: a batch holds texts of one length (see `batching`), so nothing is padded,
//! and a text's embedding does not depend on its neighbours.

mod attention;
pub(crate) mod builder;
mod embeddings;
mod feed_forward;
mod linear;
mod message;
mod position_bias;

use builder::{Dimension, GraphBuilder, OnnxGraph, Value};

use super::config::EncoderConfig;
use super::weights::{Weights, WeightsError};

/// Names of the graph's inputs and output.
pub(crate) const INPUT_IDS: &str = "input_ids";
pub(crate) const TOKEN_TYPE_IDS: &str = "token_type_ids";
pub(crate) const HIDDEN: &str = "hidden";

/// Which tokens the caller needs of the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    All,
    /// Only the first (`[CLS]`): the last layer then computes next to nothing.
    First,
}

/// Writes the graph of an encoder.
pub(crate) fn encoder_graph(
    config: &EncoderConfig,
    weights: &Weights<'_>,
    tokens: Tokens,
) -> Result<OnnxGraph, WeightsError> {
    let bias_table = position_bias::table_len(config);
    let mut writer = Writer {
        graph: GraphBuilder::new(
            config.family.model_type,
            (weights.elements() + bias_table) * size_of::<f32>(),
        ),
        config,
        weights,
    };
    let input_ids = embeddings::input(&mut writer, INPUT_IDS);
    let mut hidden = embeddings::embeddings(&mut writer, &input_ids)?;
    let bias = position_bias::position_bias(&mut writer, &input_ids)?;
    for layer in 0..config.layers {
        let names = LayerPath(layer);
        let kept = if layer + 1 == config.layers { tokens } else { Tokens::All };
        let attended = attention::attention(&mut writer, names, &hidden, bias.as_ref(), kept)?;
        hidden = feed_forward::feed_forward(&mut writer, names, &attended)?;
    }
    let kept = match tokens {
        Tokens::All => "tokens",
        Tokens::First => "kept",
    };
    let shape = [Dimension::Named("batch"), Dimension::Named(kept), Dimension::Fixed(config.width)];
    writer.graph.output(HIDDEN, &hidden, &shape);
    Ok(writer.graph.finish())
}

/// What every block needs: where to write, and what to write from.
struct Writer<'a> {
    graph: GraphBuilder,
    config: &'a EncoderConfig,
    weights: &'a Weights<'a>,
}

/// Place of a layer among the tensor names.
#[derive(Clone, Copy)]
struct LayerPath(usize);

impl LayerPath {
    fn join(self, name: &str) -> String {
        format!("encoder.layer.{}.{name}", self.0)
    }
}

impl Writer<'_> {
    /// A tensor as it is in the file.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Value, WeightsError> {
        let values = self.weights.read(name, shape)?;
        Ok(self.graph.weight(name, shape, |buffer| buffer.copy_from_slice(&values)))
    }
}

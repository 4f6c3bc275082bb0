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
use super::modules::{ModuleTensor, Role};
use super::weights::{Weights, WeightsError};

/// Names of the graph's inputs and output.
pub(crate) const INPUT_IDS: &str = "input_ids";
pub(crate) const TOKEN_TYPE_IDS: &str = "token_type_ids";
pub(crate) const HIDDEN: &str = "hidden";

/// Which tokens the caller needs of the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptTokens {
    All,
    /// Only the first (`[CLS]`): the last layer then computes next to nothing.
    First,
}

/// Writes the graph of an encoder.
pub(crate) fn encoder_graph(
    config: &EncoderConfig,
    weights: &Weights,
    tokens: KeptTokens,
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
        let kept = if layer + 1 == config.layers { tokens } else { KeptTokens::All };
        let attended = attention::attention(&mut writer, layer, &hidden, bias.as_ref(), kept)?;
        hidden = feed_forward::feed_forward(&mut writer, layer, &attended)?;
    }
    let kept = match tokens {
        KeptTokens::All => "tokens",
        KeptTokens::First => "kept",
    };
    let shape = [Dimension::Named("batch"), Dimension::Named(kept), Dimension::Fixed(config.width)];
    writer.graph.output(HIDDEN, &hidden, &shape);
    Ok(writer.graph.finish())
}

/// What every block needs: where to write, and what to write from.
struct Writer<'a> {
    graph: GraphBuilder,
    config: &'a EncoderConfig,
    weights: &'a Weights,
}

impl Writer<'_> {
    /// The weight of a module as it is in the file.
    fn weight(&mut self, role: Role) -> Result<Value, WeightsError> {
        self.tensor(&self.config.module(role).weight())
    }

    /// The bias of a module as it is in the file.
    fn bias(&mut self, role: Role) -> Result<Value, WeightsError> {
        self.tensor(&self.config.module(role).bias().expect("only tables have none"))
    }

    fn tensor(&mut self, tensor: &ModuleTensor) -> Result<Value, WeightsError> {
        let values = self.weights.read(tensor)?;
        Ok(self.graph.weight(&tensor.name, &tensor.shape, |buffer| buffer.copy_from_slice(&values)))
    }
}

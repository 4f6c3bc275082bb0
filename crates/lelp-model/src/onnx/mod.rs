//! ONNX graphs in operators of standard ONNX. Those of encoders are written from Hugging Face weights: one writer for all
//! families and both uses.
//!
//! | | [`hidden_graph`], which answers here | [`classifier_graph`], for other runtimes |
//! |---|---|---|
//! | inputs `[batch, tokens]` | `input_ids`, `token_type_ids` where the family reads them | and `attention_mask` |
//! | outputs | `hidden` `[batch, tokens, width]`, or its first tokens | `logits` `[batch, classes]`, `embedding` |
//!
//! A batch that runs here holds texts of one length (see `batching`), so nothing is padded, no mask is needed, and a
//! text's embedding does not depend on its neighbours.
//!
//! [`ngram_graph`], [`static_graph`] and [`columns_graph`] are those of the other kinds of students, for other runtimes.

mod attention;
pub(crate) mod builder;
mod classify;
mod columns;
mod embeddings;
mod feed_forward;
mod linear;
mod mask;
mod message;
mod ngram;
mod pooled;
mod position_bias;

use lelp::CalibrationTemperature;

use builder::{Dimension, Element, GraphBuilder, OnnxGraph, Value};

use crate::checkpoint::{EncoderConfig, ModuleRole, ModuleTensor, Weights, WeightsError};
use crate::head::ClassifierHead;
use crate::pooling::Pooling;
use mask::Mask;
pub(crate) use position_bias::bias_by_distance;

pub(crate) use columns::{EncodedText, columns_graph};
pub(crate) use ngram::{ngram_graph, static_graph};

/// Names of the graphs' inputs and outputs.
pub(crate) const INPUT_IDS: &str = "input_ids";
pub(crate) const ATTENTION_MASK: &str = "attention_mask";
pub(crate) const TOKEN_TYPE_IDS: &str = "token_type_ids";
pub(crate) const OFFSETS: &str = "offsets";

/// Name of the input of the pieces of words beside the n-grams of all rows, `[pieces]`.
pub(crate) const PIECE_IDS: &str = "piece_ids";

/// Name of the input of the places where each row's pieces begin, `[batch]`.
pub(crate) const PIECE_OFFSETS: &str = "piece_offsets";
pub(crate) const HIDDEN: &str = "hidden";
pub(crate) const EMBEDDING: &str = "embedding";
pub(crate) const LOGITS: &str = "logits";

/// Which tokens are needed of the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeptTokens {
    All,
    /// Only the first (`[CLS]`): the last layer then computes next to nothing.
    First,
}

impl From<Pooling> for KeptTokens {
    fn from(pooling: Pooling) -> Self {
        match pooling {
            Pooling::Cls => Self::First,
            Pooling::Mean | Pooling::Max => Self::All,
        }
    }
}

/// The graph from ids to hidden vectors, all that `pooling` needs, without padding.
pub(crate) fn hidden_graph(
    config: &EncoderConfig,
    weights: &Weights,
    pooling: Pooling,
) -> Result<OnnxGraph, WeightsError> {
    let mut writer = Writer::new(config, weights, 0);
    let input_ids = writer.ids(INPUT_IDS);
    let hidden = encoder(&mut writer, &input_ids, None, pooling.into())?;
    let kept = match pooling.into() {
        KeptTokens::All => "tokens",
        KeptTokens::First => "kept",
    };
    let shape = [Dimension::Named("batch"), Dimension::Named(kept), Dimension::Fixed(config.width)];
    writer.graph.output(HIDDEN, &hidden, &shape);
    Ok(writer.graph.finish())
}

/// What a classifier's graph is written from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GraphOfClassifier<'a> {
    pub(crate) config: &'a EncoderConfig,
    pub(crate) weights: &'a Weights,
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
    pub(crate) head: &'a ClassifierHead,
    pub(crate) temperature: Option<CalibrationTemperature>,
}

/// The graph from padded ids and their mask to logits of classes and the embedding they are read from.
///
/// Texts are padded on the right, as positions count from the left.
pub(crate) fn classifier_graph(classifier: &GraphOfClassifier<'_>) -> Result<OnnxGraph, WeightsError> {
    let &GraphOfClassifier { config, weights, pooling, normalize, head, temperature } = classifier;
    let mut writer = Writer::new(config, weights, head.elements());
    let encoding = encoding(&mut writer, pooling, normalize)?;
    classify::classify(&mut writer.graph, &encoding, head, temperature);
    Ok(writer.graph.finish())
}

/// Declares the inputs of padded texts; their pooled vectors `[batch, width]`.
fn encoding(writer: &mut Writer<'_>, pooling: Pooling, normalize: bool) -> Result<Value, WeightsError> {
    let input_ids = writer.ids(INPUT_IDS);
    let mask = Mask::new(writer);
    let hidden = encoder(writer, &input_ids, Some(&mask), pooling.into())?;
    Ok(pooled::pooled(writer, &hidden, &mask, pooling, normalize))
}

/// Hidden vectors behind the last layer, `[batch, kept, width]`.
fn encoder(
    writer: &mut Writer<'_>,
    input_ids: &Value,
    mask: Option<&Mask>,
    kept: KeptTokens,
) -> Result<Value, WeightsError> {
    let mut hidden = embeddings::embeddings(writer, input_ids)?;
    let places = position_bias::position_bias(writer, input_ids)?;
    let bias = match (places, mask) {
        (Some(places), Some(mask)) => Some(writer.graph.node("Add", &[&places, mask.bias()], vec![])),
        (places, mask) => places.or_else(|| mask.map(|mask| mask.bias().clone())),
    };
    let last = writer.config.layers - 1;
    for layer in 0..last {
        let attended = attention::attention(writer, layer, &hidden, bias.as_ref(), KeptTokens::All)?;
        hidden = feed_forward::feed_forward(writer, layer, &attended)?;
    }
    let attended = attention::attention(writer, last, &hidden, bias.as_ref(), kept)?;
    feed_forward::feed_forward(writer, last, &attended)
}

/// What every block needs: where to write, and what to write from.
struct Writer<'a> {
    graph: GraphBuilder,
    config: &'a EncoderConfig,
    weights: &'a Weights,
}

/// A size as ONNX writes it.
fn size(size: usize) -> i64 {
    i64::try_from(size).expect("a checked config keeps sizes below 2^24")
}

impl<'a> Writer<'a> {
    /// `more` elements are written beside those of `weights`.
    fn new(config: &'a EncoderConfig, weights: &'a Weights, more: usize) -> Self {
        let elements = weights.elements() + position_bias::table_len(config) + more;
        let graph = GraphBuilder::new(config.family.model_type, elements * size_of::<f32>());
        Self { graph, config, weights }
    }

    /// Declares an input of whole numbers, `[batch, tokens]`.
    fn ids(&mut self, name: &str) -> Value {
        self.graph.input(name, Element::Int64, &[Dimension::Named("batch"), Dimension::Named("tokens")])
    }

    /// The weight of a module as it is in the file.
    fn weight(&mut self, role: ModuleRole) -> Result<Value, WeightsError> {
        self.tensor(&self.config.module(role).weight())
    }

    /// The bias of a module as it is in the file.
    fn bias(&mut self, role: ModuleRole) -> Result<Value, WeightsError> {
        self.tensor(&self.config.module(role).bias().expect("only tables have none"))
    }

    /// A tensor as it is in the file; one that several layers share is written once.
    fn tensor(&mut self, tensor: &ModuleTensor) -> Result<Value, WeightsError> {
        let values = self.weights.read(tensor)?;
        Ok(self.graph.weight(&tensor.name, &tensor.shape, |buffer| buffer.copy_from_slice(&values)))
    }
}

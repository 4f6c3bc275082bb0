//! Text encoders whose dense layers multiply in 8 bits; embeddings, attention, normalisation and activation are in f32.
//!
//! Every row of inputs has a scale of its own, found as it comes, and every column of weights one, so that a text's
//! embedding does not depend on its neighbours. The engine that runs the graphs of [`crate::onnx`] has such products too,
//! but its dynamic scale is one for the whole batch. Sums are exact and nothing is fused, so that every processor gives
//! the same bits; those with AVX-512 VNNI give them fast.

mod attention;
mod dense;
mod rows;
mod tile;

use std::collections::HashMap;
use std::sync::Arc;

use attention::{Scratch, attend};
use dense::{QuantizedDense, QuantizedRows};
use rows::{Norm, activate, add};

use crate::checkpoint::{
    Activation, EncoderConfig, ModuleRole, ModuleTensor, TokenTypes, Weights, WeightsError,
};
use crate::onnx::bias_by_distance;
use crate::pooling::Pooling;
use crate::tokenizer::TokenIds;

/// Rows that go through both feed-forward products together: their inner values stay in the second-level cache.
const BLOCK: usize = 48;

/// Whether this processor multiplies 8 bits fast; others give the same answers slowly.
pub(crate) fn is_fast() -> bool {
    tile::is_fast()
}

/// An encoder in 8 bits.
#[derive(Debug)]
pub(crate) struct QuantizedNetwork {
    width: usize,
    heads: usize,
    activation: Activation,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    /// By distance, `[heads, distances]`; empty where the family has none.
    bias: Vec<f32>,
    /// Whether only the first token of each text is computed in the last layer.
    first_only: bool,
}

#[derive(Debug)]
struct Embeddings {
    /// `[vocabulary, embedding width]`.
    words: Vec<f32>,
    /// `[tokens, embedding width]`, from the first token on.
    positions: Vec<f32>,
    /// `[types, embedding width]`, one row where all tokens have the first type; empty where the family has none.
    types: Vec<f32>,
    reads_types: bool,
    norm: Norm,
    projection: Option<Arc<QuantizedDense>>,
}

#[derive(Debug)]
struct Layer {
    query: Arc<QuantizedDense>,
    key: Arc<QuantizedDense>,
    value: Arc<QuantizedDense>,
    attention_output: Arc<QuantizedDense>,
    attention_norm: Norm,
    inner: Arc<QuantizedDense>,
    output: Arc<QuantizedDense>,
    output_norm: Norm,
}

impl QuantizedNetwork {
    /// Reads and rounds the encoder's weights, for all that `pooling` needs.
    pub(crate) fn new(
        config: &EncoderConfig,
        weights: &Weights,
        pooling: Pooling,
    ) -> Result<Self, WeightsError> {
        let mut reader = Reader { config, weights, dense: HashMap::new() };
        Ok(Self {
            width: config.width,
            heads: config.heads,
            activation: config.activation,
            embeddings: reader.embeddings()?,
            layers: (0..config.layers).map(|layer| reader.layer(layer)).collect::<Result<_, _>>()?,
            bias: bias_by_distance(config, weights)?.unwrap_or_default(),
            first_only: pooling == Pooling::Cls,
        })
    }

    /// Hidden vectors of all tokens that pooling needs, text after text: those of a text's tokens, or of its first alone.
    pub(crate) fn run(&self, texts: &[&TokenIds]) -> Vec<f32> {
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        let mut buffers = Buffers::default();
        let mut hidden = self.embeddings.of(texts, &mut buffers);
        for (place, layer) in self.layers.iter().enumerate() {
            let first_only = self.first_only && place + 1 == self.layers.len();
            hidden = self.attention(layer, hidden, &lengths, first_only, &mut buffers);
            self.feed_forward(layer, &mut hidden, &mut buffers);
        }
        hidden
    }

    /// `norm(hidden + output(attention))` of all tokens, or of the first of each text.
    fn attention(
        &self,
        layer: &Layer,
        hidden: Vec<f32>,
        lengths: &[usize],
        first_only: bool,
        buffers: &mut Buffers,
    ) -> Vec<f32> {
        let Buffers { rows, query, key, value, mixed, scratch, .. } = buffers;
        let width = self.width;
        rows.set(&hidden, width);
        apply(&layer.key, rows, hidden.len() / width, key);
        apply(&layer.value, rows, hidden.len() / width, value);
        let mut residual = hidden;
        if first_only {
            residual = first_rows(&residual, lengths, width);
            rows.set(&residual, width);
        }
        apply(&layer.query, rows, residual.len() / width, query);
        mixed.resize(residual.len(), 0.0);
        let (mut first_key, mut first_query) = (0, 0);
        for &length in lengths {
            let keys = first_key..first_key + length * width;
            let queries = first_query..first_query + if first_only { width } else { length * width };
            let text = attention::Text {
                query: &query[queries.clone()],
                key: &key[keys.clone()],
                value: &value[keys.clone()],
                width,
                heads: self.heads,
                bias: &self.bias,
            };
            attend(text, &mut mixed[queries.clone()], scratch);
            (first_key, first_query) = (keys.end, queries.end);
        }
        rows.set(mixed, width);
        apply(&layer.attention_output, rows, residual.len() / width, query);
        layer.attention_norm.apply_to_sum(&mut residual, query);
        residual
    }

    /// `norm(hidden + output(activation(inner(hidden))))`, in place.
    fn feed_forward(&self, layer: &Layer, hidden: &mut [f32], buffers: &mut Buffers) {
        let Buffers { rows, inner, query: output, .. } = buffers;
        for hidden in hidden.chunks_mut(BLOCK * self.width) {
            let count = hidden.len() / self.width;
            rows.set(hidden, self.width);
            apply(&layer.inner, rows, count, inner);
            activate(self.activation, inner);
            rows.set(inner, layer.inner.outputs());
            apply(&layer.output, rows, count, output);
            layer.output_norm.apply_to_sum(hidden, output);
        }
    }
}

/// Memory that layers use again.
#[derive(Debug, Default)]
struct Buffers {
    rows: QuantizedRows,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    mixed: Vec<f32>,
    inner: Vec<f32>,
    scratch: Scratch,
}

/// `dense` of `count` rows, into `result`, which gets their size.
fn apply(dense: &QuantizedDense, rows: &QuantizedRows, count: usize, result: &mut Vec<f32>) {
    result.resize(count * dense.outputs(), 0.0);
    dense.apply(rows, result);
}

/// The first row of each text.
fn first_rows(hidden: &[f32], lengths: &[usize], width: usize) -> Vec<f32> {
    let starts = lengths.iter().scan(0, |next, length| {
        let start = *next;
        *next += length;
        Some(start)
    });
    starts.flat_map(|start| &hidden[start * width..][..width]).copied().collect()
}

impl Embeddings {
    /// `norm(word + position + type)`, projected where the family is factorised, `[tokens, width]`.
    fn of(&self, texts: &[&TokenIds], buffers: &mut Buffers) -> Vec<f32> {
        let width = self.norm.scale.len();
        let tokens: usize = texts.iter().map(|text| text.ids.len()).sum();
        let mut hidden = Vec::with_capacity(tokens * width);
        for text in texts {
            for (place, (&id, &kind)) in text.ids.iter().zip(&text.types).enumerate() {
                let start = hidden.len();
                hidden.extend_from_slice(&self.words[id as usize * width..][..width]);
                add(&mut hidden[start..], &self.positions[place * width..][..width]);
                if !self.types.is_empty() {
                    let kind = if self.reads_types { kind as usize } else { 0 };
                    add(&mut hidden[start..], &self.types[kind * width..][..width]);
                }
            }
        }
        self.norm.apply(&mut hidden);
        let Some(projection) = &self.projection else { return hidden };
        buffers.rows.set(&hidden, width);
        let mut projected = Vec::new();
        apply(projection, &buffers.rows, tokens, &mut projected);
        projected
    }
}

/// Reads a checkpoint; dense layers that several layers share are rounded once.
struct Reader<'a> {
    config: &'a EncoderConfig,
    weights: &'a Weights,
    dense: HashMap<String, Arc<QuantizedDense>>,
}

impl Reader<'_> {
    fn read(&self, tensor: &ModuleTensor) -> Result<Vec<f32>, WeightsError> {
        Ok(self.weights.read(tensor)?.into_owned())
    }

    fn table(&self, role: ModuleRole) -> Result<Vec<f32>, WeightsError> {
        self.read(&self.config.module(role).weight())
    }

    fn norm(&self, role: ModuleRole) -> Result<Norm, WeightsError> {
        let module = self.config.module(role);
        let shift = self.read(&module.bias().expect("a norm has one"))?;
        Ok(Norm { scale: self.read(&module.weight())?, shift, epsilon: self.config.epsilon })
    }

    fn dense(&mut self, role: ModuleRole) -> Result<Arc<QuantizedDense>, WeightsError> {
        let module = self.config.module(role);
        if let Some(dense) = self.dense.get(&module.name) {
            return Ok(Arc::clone(dense));
        }
        let bias = self.weights.read(&module.bias().expect("a dense layer has one"))?;
        let dense = Arc::new(QuantizedDense::new(&self.weights.read(&module.weight())?, &bias));
        self.dense.insert(module.name, Arc::clone(&dense));
        Ok(dense)
    }

    fn embeddings(&mut self) -> Result<Embeddings, WeightsError> {
        let config = self.config;
        let width = config.embedding_width;
        let positions = self.table(ModuleRole::PositionEmbeddings)?[config.first_position * width..].to_vec();
        let types = match config.family.token_types {
            TokenTypes::None => Vec::new(),
            TokenTypes::Input => self.table(ModuleRole::TokenTypeEmbeddings)?,
            TokenTypes::AlwaysFirst => self.table(ModuleRole::TokenTypeEmbeddings)?[..width].to_vec(),
        };
        let factorised = config.family.factorised;
        let projection = factorised.then(|| self.dense(ModuleRole::EmbeddingProjection)).transpose()?;
        Ok(Embeddings {
            words: self.table(ModuleRole::WordEmbeddings)?,
            positions,
            types,
            reads_types: config.reads_token_types(),
            norm: self.norm(ModuleRole::EmbeddingNorm)?,
            projection,
        })
    }

    fn layer(&mut self, layer: usize) -> Result<Layer, WeightsError> {
        Ok(Layer {
            query: self.dense(ModuleRole::Query(layer))?,
            key: self.dense(ModuleRole::Key(layer))?,
            value: self.dense(ModuleRole::Value(layer))?,
            attention_output: self.dense(ModuleRole::AttentionOutput(layer))?,
            attention_norm: self.norm(ModuleRole::AttentionNorm(layer))?,
            inner: self.dense(ModuleRole::Inner(layer))?,
            output: self.dense(ModuleRole::Output(layer))?,
            output_norm: self.norm(ModuleRole::OutputNorm(layer))?,
        })
    }
}

//! What a network computes: embeddings, layers, classification head.

use std::ops::Range;

use burn::tensor::{Gradients, Tensor, TensorData};
use lelp_model::checkpoint::{EncoderConfig, HeadActivation, ModuleRole};

use super::batch::{Part, TokenBatch};
use super::cpu::dropout::Dropout;
use super::ops::{self, AttentionInputs, Norm};
use super::parameters::{EncoderParameters, to_vec};

/// An encoder of any family with its sequence classification head.
#[derive(Debug)]
pub struct EncoderNetwork {
    pub(super) config: EncoderConfig,
    pub(super) parameters: EncoderParameters,
    outputs: usize,
}

/// What the network computes for some texts.
pub struct EncoderOutputs {
    /// `[texts, outputs]`
    pub outputs: Vec<f32>,
    /// Input of the head's linear layer, `[texts, width]`.
    pub embedding: Vec<f32>,
}

/// What the dropout masks of a training step are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct DropoutKey {
    /// Seed of the training.
    pub seed: u64,
    /// Number of the step.
    pub step: u64,
}

/// The network's tensors in a step, with gradients to come where it trains.
struct Leaves {
    /// In the order of the parameters; the token table has only the rows that the batch reads.
    tensors: Vec<Tensor<1>>,
}

/// Gradients by outputs and by embedding (empty for none), given the places of some of the batch's texts and what the
/// network makes of them.
pub(crate) type OutputGradients<'a> = dyn FnMut(Range<usize>, &EncoderOutputs) -> (Vec<f32>, Vec<f32>) + 'a;

/// Gradients of a step, in the order of the parameters; that of the token table has its unique rows alone.
pub(crate) type StepGradients = Vec<Option<Tensor<1>>>;

/// Dropout of one pass: each site has a key of its own.
struct DropoutSites<'a> {
    config: &'a EncoderConfig,
    /// Key of the next site; none where nothing is dropped.
    next: Option<u64>,
}

impl DropoutSites<'_> {
    fn dropout(&mut self, probability: f32) -> Dropout {
        let Some(key) = &mut self.next else { return Dropout::NONE };
        *key += 1;
        if probability > 0.0 { Dropout::new(probability, *key) } else { Dropout::NONE }
    }

    fn hidden(&mut self) -> Dropout {
        self.dropout(self.config.dropout.hidden)
    }
}

impl EncoderNetwork {
    /// A network over `parameters`, which were made for `config` and `outputs`.
    #[must_use]
    pub fn new(config: EncoderConfig, parameters: EncoderParameters, outputs: usize) -> Self {
        Self { config, parameters, outputs }
    }

    /// The encoder's shape.
    #[must_use]
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Outputs of the head.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The tensors.
    #[must_use]
    pub fn parameters(&self) -> &EncoderParameters {
        &self.parameters
    }

    /// The tensors, to restore them.
    pub fn parameters_mut(&mut self) -> &mut EncoderParameters {
        &mut self.parameters
    }

    /// Answers, without dropout.
    #[must_use]
    pub fn answer(&self, batch: &TokenBatch) -> EncoderOutputs {
        let leaves = self.leaves(batch, false);
        let (mut outputs, mut embedding) = (Vec::new(), Vec::new());
        for part in batch.parts() {
            let (part_outputs, part_embedding) = self.forward(part, &leaves, None);
            outputs.extend(to_vec(part_outputs));
            embedding.extend(to_vec(part_embedding));
        }
        EncoderOutputs { outputs, embedding }
    }

    /// One pass forwards and backwards, part by part. `loss_gradients` is given the range of the batch's texts and what
    /// the network computes for them, and gives the gradients by outputs and by embedding (empty for none).
    pub fn gradients(
        &self,
        batch: &TokenBatch,
        dropout: DropoutKey,
        loss_gradients: &mut OutputGradients<'_>,
    ) -> StepGradients {
        let leaves = self.leaves(batch, true);
        let mut total: StepGradients = vec![None; leaves.tensors.len()];
        let mut first = 0;
        for (place, part) in batch.parts().iter().enumerate() {
            let key = dropout.seed.rotate_left(32) ^ (dropout.step << 24) ^ ((place as u64) << 12);
            let (outputs, embedding) = self.forward(part, &leaves, Some(key));
            let computed = EncoderOutputs {
                outputs: to_vec(outputs.clone().without_autodiff()),
                embedding: to_vec(embedding.clone().without_autodiff()),
            };
            let texts = first..first + part.rows();
            first = texts.end;
            let (outputs_gradient, embedding_gradient) = loss_gradients(texts, &computed);
            let device = self.parameters.device();
            let like = |values: Vec<f32>, shape: [usize; 2]| -> Tensor<2> {
                Tensor::from_data(TensorData::new(values, shape), device)
            };
            let mut loss = (outputs.clone() * like(outputs_gradient, outputs.dims())).sum();
            if !embedding_gradient.is_empty() {
                loss = loss + (embedding.clone() * like(embedding_gradient, embedding.dims())).sum();
            }
            add_up(&mut total, &leaves, loss.backward());
        }
        total
    }

    /// The tensors of a step.
    fn leaves(&self, batch: &TokenBatch, train: bool) -> Leaves {
        let list = self.parameters.list();
        let leaf = |values: Tensor<1>| if train { values.autodiff().require_grad() } else { values };
        let table = list[0].values.clone().reshape(shape(&list[0].tensor.shape));
        let rows: Tensor<2> = ops::rows(table, &batch.unique);
        let length = rows.shape().num_elements();
        let mut tensors = Vec::with_capacity(list.len());
        tensors.push(leaf(rows.reshape([length])));
        tensors.extend(list[1..].iter().map(|parameter| leaf(parameter.values.clone())));
        Leaves { tensors }
    }

    /// Outputs `[texts, outputs]` and embedding `[texts, width]`.
    fn forward(&self, part: &Part, leaves: &Leaves, key: Option<u64>) -> (Tensor<2>, Tensor<2>) {
        let mut sites = DropoutSites { config: &self.config, next: key };
        let mut hidden = self.embeddings(part, leaves, &mut sites);
        let bias = self.distance_bias(part, leaves);
        for layer in 0..self.config.layers {
            // Only first tokens are needed of the last layer, and all it computes for others would be lost.
            let last = layer + 1 == self.config.layers;
            hidden = self.layer(layer, hidden, part, last, bias.clone(), leaves, &mut sites);
        }
        self.head(hidden, leaves, &mut sites)
    }

    /// `[tokens, width]`
    fn embeddings(&self, part: &Part, leaves: &Leaves, sites: &mut DropoutSites<'_>) -> Tensor<2> {
        let width = self.config.embedding_width;
        let words = leaves.tensors[0].clone();
        let unique = words.dims()[0] / width;
        let words = ops::rows(words.reshape([unique, width]), &part.places);
        let first = self.config.first_position as u32;
        let positions: Vec<u32> = part.positions.iter().map(|&position| position + first).collect();
        let mut places = ops::rows(self.matrix(leaves, ModuleRole::PositionEmbeddings), &positions);
        if self.config.token_types > 0 {
            let types =
                if self.config.reads_token_types() { part.types.clone() } else { vec![0; positions.len()] };
            places = places + ops::rows(self.matrix(leaves, ModuleRole::TokenTypeEmbeddings), &types);
        }
        let norm = self.norm(leaves, ModuleRole::EmbeddingNorm);
        let hidden = ops::drop_out(ops::add_and_norm(words, places, norm, Dropout::NONE), sites.hidden());
        if self.config.family.factorised {
            self.dense(leaves, ModuleRole::EmbeddingProjection, hidden)
        } else {
            hidden
        }
    }

    /// The bias by distance of the part's longest text, `[2 longest - 1, heads]`.
    fn distance_bias(&self, part: &Part, leaves: &Leaves) -> Option<Tensor<2>> {
        let relative = self.config.relative_bias?;
        let zero = part.longest() - 1;
        let buckets: Vec<u32> = (0..=2 * zero).map(|index| relative.bucket(index, zero) as u32).collect();
        Some(ops::rows(self.matrix(leaves, ModuleRole::RelativeBias), &buckets))
    }

    /// One layer; `[tokens, width]`, or `[texts, width]` where only first tokens are asked for.
    #[allow(clippy::too_many_arguments, reason = "all of them are what a layer is computed from")]
    fn layer(
        &self,
        layer: usize,
        hidden: Tensor<2>,
        part: &Part,
        first_only: bool,
        bias: Option<Tensor<2>>,
        leaves: &Leaves,
        sites: &mut DropoutSites<'_>,
    ) -> Tensor<2> {
        let spans = if first_only { &part.first } else { &part.all };
        let asking = if first_only { ops::rows(hidden.clone(), &part.firsts) } else { hidden.clone() };
        let attended = AttentionInputs {
            query: self.dense(leaves, ModuleRole::Query(layer), asking.clone()),
            key: self.dense(leaves, ModuleRole::Key(layer), hidden.clone()),
            value: self.dense(leaves, ModuleRole::Value(layer), hidden),
            bias,
        };
        let dropout = sites.dropout(self.config.dropout.attention);
        let mixed = ops::attention(attended, self.config.heads, spans, dropout);
        let output = self.dense(leaves, ModuleRole::AttentionOutput(layer), mixed);
        let norm = self.norm(leaves, ModuleRole::AttentionNorm(layer));
        let attended = ops::add_and_norm(output, asking, norm, sites.hidden());

        let inner = self.dense(leaves, ModuleRole::Inner(layer), attended.clone());
        let output =
            self.dense(leaves, ModuleRole::Output(layer), ops::activate(self.config.activation, inner));
        let norm = self.norm(leaves, ModuleRole::OutputNorm(layer));
        ops::add_and_norm(output, attended, norm, sites.hidden())
    }

    /// Outputs and embedding from the first tokens `[texts, width]`.
    fn head(
        &self,
        first: Tensor<2>,
        leaves: &Leaves,
        sites: &mut DropoutSites<'_>,
    ) -> (Tensor<2>, Tensor<2>) {
        let (head, probability) = (&self.config.family.head, self.config.dropout.classifier);
        let before = if head.dropout_before_hidden { sites.dropout(probability) } else { Dropout::NONE };
        let hidden = self.dense(leaves, ModuleRole::HeadHidden, ops::drop_out(first, before));
        let embedding = match head.activation {
            HeadActivation::Tanh => hidden.tanh(),
            HeadActivation::Relu => burn::tensor::activation::relu(hidden),
        };
        let kept = ops::drop_out(embedding.clone(), sites.dropout(probability));
        (self.dense(leaves, ModuleRole::HeadOutput(self.outputs), kept), embedding)
    }

    fn dense(&self, leaves: &Leaves, role: ModuleRole, x: Tensor<2>) -> Tensor<2> {
        let role = self.stored(role);
        let bias = self.parameters.place(role).bias.expect("dense modules have a bias");
        ops::linear(x, self.matrix(leaves, role), leaves.tensors[bias].clone())
    }

    fn norm(&self, leaves: &Leaves, role: ModuleRole) -> Norm {
        let place = self.parameters.place(self.stored(role));
        Norm {
            scale: leaves.tensors[place.weight].clone(),
            shift: leaves.tensors[place.bias.expect("norms have a bias")].clone(),
            epsilon: self.config.epsilon,
        }
    }

    fn matrix(&self, leaves: &Leaves, role: ModuleRole) -> Tensor<2> {
        let place = self.parameters.place(role).weight;
        leaves.tensors[place].clone().reshape(shape(&self.parameters.list()[place].tensor.shape))
    }

    /// The role whose tensors a role uses: factorised families have one layer's for all.
    fn stored(&self, role: ModuleRole) -> ModuleRole {
        if self.config.family.factorised { role.in_layer(0) } else { role }
    }
}

fn shape(sizes: &[usize]) -> [usize; 2] {
    sizes.try_into().expect("weights of tables and dense modules are matrices")
}

/// Adds the gradients of one part.
fn add_up(total: &mut StepGradients, leaves: &Leaves, mut gradients: Gradients) {
    for (total, leaf) in total.iter_mut().zip(&leaves.tensors) {
        if let Some(gradient) = leaf.grad_remove(&mut gradients) {
            *total = Some(match total.take() {
                Some(sum) => sum + gradient,
                None => gradient,
            });
        }
    }
}

//! One operation each on the CPU, forwards and backwards, as extensions of burn's CPU backend.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, TensorData};
use lelp_model::checkpoint::Activation;

use super::{AttentionInputs, Norm};
use crate::cpu::attention::{self, Inputs, Spans};
use crate::cpu::dropout::{self, Dropout};
use crate::cpu::{activation, linear as affine, norm};

type Float = FloatTensor<Flex>;

/// The operations; shapes as in [`super`].
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Fused: Backend {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    fn fused_activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
    fn fused_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
        dropout: Dropout,
    ) -> FloatTensor<Self>;
    fn fused_dropout(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self>;
    fn fused_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        heads: usize,
        spans: Arc<Spans>,
        dropout: Dropout,
    ) -> FloatTensor<Self>;
}

/// The values of a tensor, row-major.
fn values(tensor: &Float) -> &[f32] {
    tensor.as_slice().expect("the encoder's tensors are f32 and contiguous")
}

/// A gradient may come in any layout.
fn contiguous(tensor: Float) -> Float {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

fn tensor(values: Vec<f32>, shape: impl Into<burn::tensor::Shape>) -> Float {
    Float::from_data(TensorData::new(values, shape))
}

fn rows_of(tensor: &Float, columns: usize) -> usize {
    values(tensor).len() / columns
}

fn last(tensor: &Float) -> usize {
    let shape = tensor.layout().shape();
    shape[shape.num_dims() - 1]
}

impl Fused for Flex {
    fn fused_linear(x: Float, weight: Float, bias: Float) -> Float {
        let y = affine::forward(values(&x), values(&weight), values(&bias));
        let outputs = last(&bias);
        let rows = y.len() / outputs;
        tensor(y, [rows, outputs])
    }

    fn fused_activation(x: Float, activation: Activation) -> Float {
        let shape = x.layout().shape().clone();
        tensor(activation::forward(activation, values(&x)), shape)
    }

    fn fused_norm(
        x: Float,
        residual: Float,
        scale: Float,
        shift: Float,
        epsilon: f32,
        dropout: Dropout,
    ) -> Float {
        let shape = x.layout().shape().clone();
        let (x, residual) = (values(&x), values(&residual));
        tensor(norm::forward(x, residual, values(&scale), values(&shift), epsilon, dropout).0, shape)
    }

    fn fused_dropout(x: Float, dropout: Dropout) -> Float {
        let shape = x.layout().shape().clone();
        tensor(dropout::dropped(values(&x), dropout), shape)
    }

    fn fused_attention(
        query: Float,
        key: Float,
        value: Float,
        bias: Float,
        heads: usize,
        spans: Arc<Spans>,
        dropout: Dropout,
    ) -> Float {
        let width = last(&query);
        let state =
            AttentionState { query, key, value, bias, heads, spans, dropout, normalisers: Vec::new() };
        let (mixed, _) = attention::forward(state.inputs(), &state.spans);
        let rows = mixed.len() / width;
        tensor(mixed, [rows, width])
    }
}

#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = (Float, Float);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let [x_node, weight_node, bias_node] = ops.parents;
        let (x, weight) = ops.state;
        let (inputs, outputs) = (last(&x), last(&gradient));
        if let Some(node) = x_node {
            let result = affine::by_input(values(&gradient), values(&weight), outputs);
            gradients.register::<Flex>(node.id, tensor(result, [rows_of(&x, inputs), inputs]));
        }
        if let Some(node) = weight_node {
            let result = affine::by_weight(values(&gradient), values(&x), outputs);
            gradients.register::<Flex>(node.id, tensor(result, [outputs, inputs]));
        }
        if let Some(node) = bias_node {
            gradients
                .register::<Flex>(node.id, tensor(affine::by_bias(values(&gradient), outputs), [outputs]));
        }
    }
}

#[derive(Debug)]
struct ActivationBackward;

impl Backward<Flex, 1> for ActivationBackward {
    type State = (Float, Activation);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (x, kind) = ops.state;
        if let [Some(node)] = ops.parents {
            let shape = x.layout().shape().clone();
            let result = activation::backward(kind, values(&x), values(&gradient));
            gradients.register::<Flex>(node.id, tensor(result, shape));
        }
    }
}

#[derive(Debug)]
struct NormBackward;

impl Backward<Flex, 4> for NormBackward {
    type State = (norm::Normalised, Float, Dropout);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let (saved, scale, dropout) = ops.state;
        let shape = gradient.layout().shape().clone();
        let width = last(&scale);
        let results = norm::backward(&saved, values(&scale), values(&gradient), dropout);
        let results = [
            (results.x, shape.clone()),
            (results.residual, shape),
            (results.scale, [width].into()),
            (results.shift, [width].into()),
        ];
        for (node, (result, shape)) in ops.parents.into_iter().zip(results) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, tensor(result, shape));
            }
        }
    }
}

#[derive(Debug)]
struct DropoutBackward;

impl Backward<Flex, 1> for DropoutBackward {
    type State = Dropout;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        if let [Some(node)] = ops.parents {
            let shape = gradient.layout().shape().clone();
            gradients
                .register::<Flex>(node.id, tensor(dropout::dropped(values(&gradient), ops.state), shape));
        }
    }
}

#[derive(Debug, Clone)]
struct AttentionState {
    query: Float,
    key: Float,
    value: Float,
    bias: Float,
    heads: usize,
    spans: Arc<Spans>,
    dropout: Dropout,
    normalisers: Vec<f32>,
}

impl AttentionState {
    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            query: values(&self.query),
            key: values(&self.key),
            value: values(&self.value),
            bias: values(&self.bias),
            heads: self.heads,
            width: last(&self.query),
            dropout: self.dropout,
        }
    }
}

#[derive(Debug)]
struct AttentionBackward;

impl Backward<Flex, 4> for AttentionBackward {
    type State = AttentionState;

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let state = ops.state;
        let results =
            attention::backward(state.inputs(), &state.spans, &state.normalisers, values(&gradient));
        let shape = |tensor: &Float| tensor.layout().shape().clone();
        let results = [
            (results.query, shape(&state.query)),
            (results.key, shape(&state.key)),
            (results.value, shape(&state.value)),
            (results.bias, shape(&state.bias)),
        ];
        for (node, (result, shape)) in ops.parents.into_iter().zip(results) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, tensor(result, shape));
            }
        }
    }
}

impl<C: CheckpointStrategy> Fused for Autodiff<Flex, C> {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight, bias) = (x.into_primitive(), weight.into_primitive(), bias.into_primitive());
        let output = Flex::fused_linear(x.clone(), weight.clone(), bias);
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, weight), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn fused_activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let x = x.into_primitive();
        let output = Flex::fused_activation(x.clone(), activation);
        match ActivationBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, activation), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn fused_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
        dropout: Dropout,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), residual.node(), scale.node(), shift.node()];
        let (x, residual) = (x.into_primitive(), residual.into_primitive());
        let (scale, shift) = (scale.into_primitive(), shift.into_primitive());
        let shape = x.layout().shape().clone();
        let (y, saved) =
            norm::forward(values(&x), values(&residual), values(&scale), values(&shift), epsilon, dropout);
        let output = tensor(y, shape);
        match NormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((saved, scale, dropout), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn fused_dropout(x: FloatTensor<Self>, dropout: Dropout) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let output = Flex::fused_dropout(x.into_primitive(), dropout);
        match DropoutBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(dropout, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn fused_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        heads: usize,
        spans: Arc<Spans>,
        dropout: Dropout,
    ) -> FloatTensor<Self> {
        let nodes = [query.node(), key.node(), value.node(), bias.node()];
        let (query, key) = (query.into_primitive(), key.into_primitive());
        let (value, bias) = (value.into_primitive(), bias.into_primitive());
        let width = last(&query);
        let mut state =
            AttentionState { query, key, value, bias, heads, spans, dropout, normalisers: Vec::new() };
        let (mixed, normalisers) = attention::forward(state.inputs(), &state.spans);
        state.normalisers = normalisers;
        let rows = mixed.len() / width;
        let output = tensor(mixed, [rows, width]);
        match AttentionBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(state, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

pub(super) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::fused_linear(x, weight, bias))
}

pub(super) fn activate(activation: Activation, x: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::fused_activation(x.into_dispatch(), activation))
}

pub(super) fn add_and_norm(x: Tensor<2>, residual: Tensor<2>, norm: Norm, dropout: Dropout) -> Tensor<2> {
    let Norm { scale, shift, epsilon } = norm;
    let (x, residual) = (x.into_dispatch(), residual.into_dispatch());
    let (scale, shift) = (scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(Dispatch::fused_norm(x, residual, scale, shift, epsilon, dropout))
}

pub(super) fn drop_out(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::fused_dropout(x.into_dispatch(), dropout))
}

pub(super) fn attention(
    attended: AttentionInputs,
    heads: usize,
    spans: &Arc<Spans>,
    dropout: Dropout,
) -> Tensor<2> {
    let AttentionInputs { query, key, value, bias } = attended;
    let bias = bias.unwrap_or_else(|| Tensor::zeros([0, heads], &query.device().without_autodiff()));
    let (query, key) = (query.into_dispatch(), key.into_dispatch());
    let (value, bias) = (value.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::fused_attention(
        query,
        key,
        value,
        bias,
        heads,
        Arc::clone(spans),
        dropout,
    ))
}

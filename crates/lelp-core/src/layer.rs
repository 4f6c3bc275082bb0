//! Affine layers, and the last ones of a student.

use safetensors::tensor::{Dtype, TensorView};
use thiserror::Error;

use crate::tensor_view::view;
use crate::vector::affine;
use crate::{Classified, ErrorKind, class_logit};

/// `outputs = weight inputs + bias`.
///
/// # Shapes
/// `weight` `[outputs, inputs]`, row-major; `bias` `[outputs]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    inputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Why weight and bias are no layer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayerError {
    /// Weight and bias do not fit together.
    #[error("a layer of {inputs} inputs and {outputs} outputs holds {weights} weights, not inputs x outputs")]
    Shape {
        /// Inputs.
        inputs: usize,
        /// Outputs, the length of the bias.
        outputs: usize,
        /// Weights given.
        weights: usize,
    },
    /// A weight or bias is infinite or not a number.
    #[error("weight {index} of the layer is not finite")]
    NotFinite {
        /// Place in the weight, followed by the bias.
        index: usize,
    },
}

impl Classified for LayerError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Layer {
    /// Checks shapes and finiteness.
    pub fn new(inputs: usize, weight: Vec<f32>, bias: Vec<f32>) -> Result<Self, LayerError> {
        if inputs == 0 || bias.is_empty() || inputs.checked_mul(bias.len()) != Some(weight.len()) {
            return Err(LayerError::Shape { inputs, outputs: bias.len(), weights: weight.len() });
        }
        if let Some(index) = weight.iter().chain(&bias).position(|value| !value.is_finite()) {
            return Err(LayerError::NotFinite { index });
        }
        Ok(Self { inputs, weight, bias })
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// The weight, `[outputs, inputs]`.
    #[must_use]
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// The bias, `[outputs]`.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Applies the layer to one input `[inputs]`, into `output` `[outputs]`.
    pub fn apply(&self, input: &[f32], output: &mut [f32]) {
        affine(self.inputs, &self.weight, &self.bias, input, output);
    }
}

/// What stands between a student's features and its outputs: a hidden `ReLU` layer, where there is one, and the last layer.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputLayers {
    /// The hidden layer.
    pub hidden: Option<Layer>,
    /// The last layer.
    pub output: Layer,
}

/// Values of the layers, reused from row to row.
#[derive(Debug, Clone, Default)]
pub struct LayerBuffers {
    hidden: Vec<f32>,
    outputs: Vec<f32>,
}

impl OutputLayers {
    /// The layers by their names, in their order.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &Layer)> {
        self.hidden.iter().map(|layer| ("hidden", layer)).chain([("output", &self.output)])
    }

    /// Inputs and outputs of each layer.
    #[must_use]
    pub fn sizes(&self) -> Vec<[usize; 2]> {
        self.each().map(|(_, layer)| [layer.inputs(), layer.outputs()]).collect()
    }

    /// Buffers for these layers.
    #[must_use]
    pub fn buffers(&self) -> LayerBuffers {
        let hidden = self.hidden.as_ref().map_or(0, Layer::outputs);
        LayerBuffers { hidden: vec![0.0; hidden], outputs: vec![0.0; self.output.outputs()] }
    }

    /// Outputs of one row of features.
    pub fn outputs<'a>(&self, features: &[f32], buffers: &'a mut LayerBuffers) -> &'a [f32] {
        let LayerBuffers { hidden, outputs } = buffers;
        match &self.hidden {
            None => self.output.apply(features, outputs),
            Some(layer) => {
                layer.apply(features, hidden);
                for value in hidden.iter_mut() {
                    *value = value.max(0.0);
                }
                self.output.apply(hidden, outputs);
            }
        }
        outputs
    }

    /// Class logits of one row of features: log-sum-exp over the `subclasses` outputs of each class.
    pub fn class_logits(
        &self,
        features: &[f32],
        subclasses: usize,
        buffers: &mut LayerBuffers,
        logits: &mut [f32],
    ) {
        let outputs = self.outputs(features, buffers).chunks_exact(subclasses);
        logits.iter_mut().zip(outputs).for_each(|(logit, outputs)| *logit = class_logit(outputs));
    }

    /// Weights and biases by their names: `hidden.weight`, `output.bias`.
    pub(crate) fn tensors(&self) -> Vec<(String, TensorView<'_>)> {
        let mut tensors = Vec::new();
        for (name, layer) in self.each() {
            let shape = [layer.outputs(), layer.inputs()];
            let (weight, bias) = (bytemuck::cast_slice(&layer.weight), bytemuck::cast_slice(&layer.bias));
            tensors.push(view(&format!("{name}.weight"), Dtype::F32, &shape, weight));
            tensors.push(view(&format!("{name}.bias"), Dtype::F32, &shape[..1], bias));
        }
        tensors
    }
}

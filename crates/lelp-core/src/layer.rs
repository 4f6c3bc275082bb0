//! An affine layer.

use thiserror::Error;

use crate::vector::affine;
use crate::{Classified, ErrorKind};

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

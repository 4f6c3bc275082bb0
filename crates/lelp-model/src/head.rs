//! A classifier head on an encoder's output: linear, or one hidden layer whose activation is then the embedding.

use std::num::NonZeroUsize;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use thiserror::Error;

use crate::checkpoint::HeadActivation;
use crate::collapse::collapse;
use crate::layer::{Layer, LayerError, OutputLayers};

/// What a head gives for a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadOutput {
    /// The input of the last layer, `[rows, embedding_width]`: what LELP splits classes by.
    pub embeddings: Vec<f32>,
    /// `[rows, classes]`.
    pub logits: Vec<f32>,
    /// `[rows, classes * subclasses]`, column `c * subclasses + s`, of a head with more than one subclass.
    pub subclass_logits: Option<Vec<f32>>,
}

/// A classifier head: `logits = collapse(output(activation(hidden(encoding))))`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierHead {
    hidden: Option<Layer>,
    activation: HeadActivation,
    output: Layer,
    subclasses: NonZeroUsize,
}

impl ClassifierHead {
    /// The layers of a student with `subclasses` outputs of each class.
    pub(crate) fn of_layers(layers: &OutputLayers, subclasses: usize) -> Self {
        let head = Self::new(layers.hidden.clone(), layers.output.clone());
        let subclasses = NonZeroUsize::new(subclasses).expect("the configuration was checked");
        head.and_then(|head| head.with_subclasses(subclasses)).expect("the layers fit the configuration")
    }

    /// A head of one or two layers with a `ReLU` between; the second takes what the first gives.
    pub fn new(hidden: Option<Layer>, output: Layer) -> Result<Self, ClassifierHeadError> {
        if let Some(hidden) = &hidden
            && hidden.outputs() != output.inputs()
        {
            return Err(ClassifierHeadError::LayersDiffer {
                hidden: hidden.outputs(),
                output: output.inputs(),
            });
        }
        Ok(Self { hidden, activation: HeadActivation::Relu, output, subclasses: NonZeroUsize::MIN })
    }

    /// The same layers with another activation behind the hidden one.
    #[must_use]
    pub fn with_activation(self, activation: HeadActivation) -> Self {
        Self { activation, ..self }
    }

    /// The same layers, their outputs read as `subclasses` for each class: those of class `c` start at
    /// `c * subclasses`, and a class's logit is the log-sum-exp of its own.
    pub fn with_subclasses(self, subclasses: NonZeroUsize) -> Result<Self, ClassifierHeadError> {
        let outputs = self.output.outputs();
        if !outputs.is_multiple_of(subclasses.get()) {
            return Err(ClassifierHeadError::Subclasses { outputs, subclasses: subclasses.get() });
        }
        Ok(Self { subclasses, ..self })
    }

    /// Width of the encoder's output that goes in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.hidden.as_ref().unwrap_or(&self.output).inputs()
    }

    /// Width of the embedding that the last layer reads.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        self.output.inputs()
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.output.outputs() / self.subclasses
    }

    /// Outputs of a class.
    #[must_use]
    pub fn subclasses(&self) -> NonZeroUsize {
        self.subclasses
    }

    /// The hidden layer, where there is one, and the activation behind it.
    #[must_use]
    pub fn hidden(&self) -> Option<(&Layer, HeadActivation)> {
        self.hidden.as_ref().map(|hidden| (hidden, self.activation))
    }

    /// The last layer, whose rows are projected out by LELP's null space; `classes * subclasses` outputs.
    #[must_use]
    pub fn output(&self) -> &Layer {
        &self.output
    }

    /// Values of all weights and biases.
    pub(crate) fn elements(&self) -> usize {
        self.hidden.iter().chain([&self.output]).map(|layer| layer.weight().len() + layer.bias().len()).sum()
    }

    /// Embeddings and logits of `rows` `[n, inputs]`.
    #[must_use]
    pub fn apply(&self, rows: Vec<f32>) -> HeadOutput {
        let embeddings = match &self.hidden {
            None => rows,
            Some(hidden) => {
                let mut activation = apply(hidden, &rows);
                for value in &mut activation {
                    *value = self.activation.apply(*value);
                }
                activation
            }
        };
        let outputs = apply(&self.output, &embeddings);
        let subclass_logits = (self.subclasses > NonZeroUsize::MIN).then(|| outputs.clone());
        HeadOutput { embeddings, logits: collapse(outputs, self.subclasses), subclass_logits }
    }

    /// The layers as safetensors: `weight`, `bias`, and `hidden.weight`, `hidden.bias` where there is a hidden layer.
    ///
    /// Activation and subclasses are not in them: other files of the folder hold those.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tensors = layer_views("", &self.output);
        tensors.extend(self.hidden.iter().flat_map(|hidden| layer_views("hidden.", hidden)));
        safetensors::serialize(tensors, None).expect("lengths and shapes are those of our own layers")
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, with a `ReLU` and one subclass.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClassifierHeadError> {
        let tensors = SafeTensors::deserialize(bytes)?;
        let hidden = match tensors.tensor("hidden.weight") {
            Ok(_) => Some(read_layer(&tensors, "hidden.")?),
            Err(_) => None,
        };
        Self::new(hidden, read_layer(&tensors, "")?)
    }
}

/// Why a head could not be built or read.
#[derive(Debug, Error)]
pub enum ClassifierHeadError {
    /// The bytes are not safetensors.
    #[error("the head is not a safetensors file, or is cut off")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor has another type or shape.
    #[error("head tensor `{name}` is {dtype:?} {shape:?}, expected F32 of {dimensions} dimensions")]
    Tensor {
        /// Its name.
        name: String,
        /// Its type.
        dtype: Dtype,
        /// Its shape.
        shape: Vec<usize>,
        /// Dimensions expected.
        dimensions: usize,
    },
    /// A layer does not hold together.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The outputs cannot be shared out evenly.
    #[error("{outputs} outputs are not a multiple of {subclasses} subclasses a class")]
    Subclasses {
        /// Outputs of the last layer.
        outputs: usize,
        /// Subclasses of each class.
        subclasses: usize,
    },
    /// The layers do not fit.
    #[error("the hidden layer gives {hidden} values, but the output layer takes {output}")]
    LayersDiffer {
        /// Outputs of the hidden layer.
        hidden: usize,
        /// Inputs of the output layer.
        output: usize,
    },
}

fn apply(layer: &Layer, rows: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; rows.len() / layer.inputs() * layer.outputs()];
    for (row, out) in rows.chunks_exact(layer.inputs()).zip(out.chunks_exact_mut(layer.outputs())) {
        layer.apply(row, out);
    }
    out
}

fn layer_views<'a>(prefix: &str, layer: &'a Layer) -> Vec<(String, TensorView<'a>)> {
    let view = |name: &str, shape: Vec<usize>, values: &'a [f32]| {
        let view = TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(values));
        (format!("{prefix}{name}"), view.expect("the shape is that of the layer"))
    };
    vec![
        view("weight", vec![layer.outputs(), layer.inputs()], layer.weight()),
        view("bias", vec![layer.outputs()], layer.bias()),
    ]
}

fn read_layer(tensors: &SafeTensors<'_>, prefix: &str) -> Result<Layer, ClassifierHeadError> {
    let (shape, weight) = read_tensor(tensors, format!("{prefix}weight"), 2)?;
    let (_, bias) = read_tensor(tensors, format!("{prefix}bias"), 1)?;
    Ok(Layer::new(shape[1], weight, bias)?)
}

fn read_tensor(
    tensors: &SafeTensors<'_>,
    name: String,
    dimensions: usize,
) -> Result<(Vec<usize>, Vec<f32>), ClassifierHeadError> {
    let tensor = tensors.tensor(&name)?;
    if tensor.dtype() != Dtype::F32 || tensor.shape().len() != dimensions {
        let shape = tensor.shape().to_vec();
        return Err(ClassifierHeadError::Tensor { name, dtype: tensor.dtype(), shape, dimensions });
    }
    Ok((tensor.shape().to_vec(), bytemuck::pod_collect_to_vec(tensor.data())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_layers() -> ClassifierHead {
        let hidden = Layer::new(2, vec![1.0, 0.0, 0.0, 1.0, -1.0, -1.0], vec![0.0, 0.0, 0.5]).unwrap();
        let output = Layer::new(3, vec![1.0, 2.0, 3.0, 0.0, 0.0, -1.0], vec![0.25, 0.0]).unwrap();
        ClassifierHead::new(Some(hidden), output).unwrap()
    }

    #[test]
    fn the_hidden_activation_is_the_embedding() {
        let output = two_layers().apply(vec![2.0, -3.0, -1.0, 0.0]);
        assert_eq!(output.embeddings, [2.0, 0.0, 1.5, 0.0, 0.0, 1.5]);
        assert_eq!(output.logits, [6.75, -1.5, 4.75, -1.5]);
    }

    #[test]
    fn subclasses_collapse_to_the_log_of_their_summed_exponentials() {
        let layer = Layer::new(1, vec![1.0, 2.0, -1.0, 100.0], vec![0.0, 0.0, 0.5, 0.0]).unwrap();
        let head = ClassifierHead::new(None, layer).unwrap();
        let head = head.with_subclasses(NonZeroUsize::new(2).unwrap()).unwrap();
        assert_eq!((head.classes(), head.output().outputs()), (2, 4));
        let logits = head.apply(vec![1.0, -2.0]).logits;
        let expected = [
            (1_f32.exp() + 2_f32.exp()).ln(),
            100.0, // exp(100) alone would be infinite in f32
            ((-2_f32).exp() + (-4_f32).exp()).ln(),
            2.5,
        ];
        for (found, expected) in logits.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
        let three = head.with_subclasses(NonZeroUsize::new(3).unwrap());
        assert!(matches!(three, Err(ClassifierHeadError::Subclasses { outputs: 4, subclasses: 3 })));
    }

    #[test]
    fn bytes_and_back_is_the_same_head() {
        let head = two_layers();
        assert_eq!(ClassifierHead::from_bytes(&head.to_bytes()).unwrap(), head);
    }

    #[test]
    fn a_cut_head_and_layers_that_do_not_fit_are_refused() {
        let bytes = two_layers().to_bytes();
        for length in [0, 7, 8, bytes.len() / 2, bytes.len() - 1] {
            assert!(matches!(
                ClassifierHead::from_bytes(&bytes[..length]),
                Err(ClassifierHeadError::Format(_))
            ));
        }
        let layer = |inputs: usize, outputs: usize| {
            Layer::new(inputs, vec![0.0; inputs * outputs], vec![0.0; outputs])
        };
        let failed = ClassifierHead::new(Some(layer(4, 3).unwrap()), layer(2, 2).unwrap());
        assert!(matches!(failed, Err(ClassifierHeadError::LayersDiffer { hidden: 3, output: 2 })));
    }
}

//! The tensors of a network by role: loaded from a checkpoint, drawn at random, written back.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use lelp_infer::encoder::{EncoderConfig, Module, ModuleKind, ModuleTensor, Role, Weights, WeightsError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::device::DeviceError;

/// Why a network has no parameters.
#[derive(Debug, Error)]
pub enum ParametersError {
    /// The checkpoint's weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A state is of another network.
    #[error("tensor `{name}` of the state has {found} values, but the network has {expected}")]
    State {
        /// Name of the tensor.
        name: String,
        /// Values in the state.
        found: usize,
        /// Values in the network.
        expected: usize,
    },
    /// A state lacks a tensor.
    #[error("tensor `{name}` is not in the state")]
    NotInState {
        /// Name of the tensor.
        name: String,
    },
}

/// One tensor.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) tensor: ModuleTensor,
    /// Its values in a row, without autodiff.
    pub(super) values: Tensor<1>,
    /// Whether weight decay applies: to matrices, not to biases and norms.
    pub(super) decays: bool,
    /// Layers above it, for layer-wise learning rates: 0 for the head, 1 for the last layer, ..
    pub(super) depth: usize,
}

/// Where a module's tensors stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) weight: usize,
    pub(super) bias: Option<usize>,
}

/// A tensor as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// The tensors of an encoder and its head; the token table is the first.
#[derive(Debug)]
pub(crate) struct Parameters {
    list: Vec<Parameter>,
    places: HashMap<Role, Place>,
    device: burn::tensor::Device,
}

impl Parameters {
    /// Reads the encoder from `folder`, and the head too where the folder has one with as many outputs;
    /// what it lacks of the head is drawn at random from `seed`.
    ///
    /// `layers` says which of the folder's layers become the network's, in order.
    pub(crate) fn load(
        folder: &Path,
        source: &EncoderConfig,
        config: &EncoderConfig,
        outputs: usize,
        layers: &[usize],
        seed: u64,
        device: super::Device,
    ) -> Result<Self, ParametersError> {
        let weights = Weights::open(folder, source)?;
        let mut drawn = Drawn::new(config, seed);
        Self::build(config, outputs, device, |module, tensor| {
            let [hidden, output] = source.head_modules(outputs);
            let head = match module.role {
                Role::HeadHidden => Some(hidden),
                Role::HeadOutput(_) => Some(output),
                _ => None,
            };
            if let Some(head) = head {
                let fits = weights.contains(&head.weight().name)
                    && head.tensors().all(|tensor| weights.read(&tensor).is_ok());
                if !fits {
                    return Ok(drawn.values(module, tensor));
                }
            }
            let original = source.module(from_layer(module.role, layers));
            let tensors: Vec<ModuleTensor> = original.tensors().collect();
            let part = usize::from(tensor.name.ends_with(".bias"));
            Ok(weights.read(&tensors[part])?.into_owned())
        })
    }

    /// Draws everything at random from `seed`: normal weights of the config's deviation, zero biases.
    pub(crate) fn draw(
        config: &EncoderConfig,
        outputs: usize,
        seed: u64,
        device: super::Device,
    ) -> Result<Self, ParametersError> {
        let mut drawn = Drawn::new(config, seed);
        Self::build(config, outputs, device, |module, tensor| Ok(drawn.values(module, tensor)))
    }

    fn build(
        config: &EncoderConfig,
        outputs: usize,
        device: super::Device,
        mut values: impl FnMut(&Module, &ModuleTensor) -> Result<Vec<f32>, ParametersError>,
    ) -> Result<Self, ParametersError> {
        let device = device.open()?;
        let (mut list, mut places) = (Vec::new(), HashMap::new());
        let modules = config.modules().into_iter().chain(config.head_modules(outputs));
        for module in modules {
            let weight = list.len();
            for tensor in module.tensors() {
                let values = flat(values(&module, &tensor)?, &device);
                let decays = !matches!(module.kind, ModuleKind::Norm { .. }) && tensor.shape.len() > 1;
                list.push(Parameter { tensor, values, decays, depth: depth(module.role, config.layers) });
            }
            let bias = (list.len() > weight + 1).then_some(weight + 1);
            places.insert(module.role, Place { weight, bias });
        }
        Ok(Self { list, places, device })
    }

    pub(super) fn device(&self) -> &burn::tensor::Device {
        &self.device
    }

    pub(super) fn list(&self) -> &[Parameter] {
        &self.list
    }

    pub(super) fn list_mut(&mut self) -> &mut [Parameter] {
        &mut self.list
    }

    /// Where the tensors of a role stand.
    pub(super) fn place(&self, role: Role) -> Place {
        self.places[&role]
    }

    /// All tensors, under their names in a sequence classifier's file.
    pub(crate) fn save(&self) -> Vec<Saved> {
        let saved = |parameter: &Parameter| Saved {
            name: parameter.tensor.classifier_name.clone(),
            shape: parameter.tensor.shape.clone(),
            values: to_vec(parameter.values.clone()),
        };
        self.list.iter().map(saved).collect()
    }

    /// Takes over the values of `state`, looked up by the names that [`save`](Self::save) gives.
    pub(crate) fn restore(
        &mut self,
        state: &dyn Fn(&str) -> Option<Vec<f32>>,
    ) -> Result<(), ParametersError> {
        for parameter in &mut self.list {
            let name = parameter.tensor.classifier_name.clone();
            let expected = parameter.tensor.shape.iter().product();
            let Some(values) = state(&name) else { return Err(ParametersError::NotInState { name }) };
            if values.len() != expected {
                return Err(ParametersError::State { name, found: values.len(), expected });
            }
            parameter.values = flat(values, &self.device);
        }
        Ok(())
    }
}

/// Values as a tensor in one row.
pub(super) fn flat(values: Vec<f32>, device: &burn::tensor::Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// Values of a tensor, row-major.
pub(super) fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("the encoder's tensors are f32")
}

/// The role in the source of a role in the network.
fn from_layer(role: Role, layers: &[usize]) -> Role {
    match role {
        Role::Query(layer) => Role::Query(layers[layer]),
        Role::Key(layer) => Role::Key(layers[layer]),
        Role::Value(layer) => Role::Value(layers[layer]),
        Role::AttentionOutput(layer) => Role::AttentionOutput(layers[layer]),
        Role::AttentionNorm(layer) => Role::AttentionNorm(layers[layer]),
        Role::Inner(layer) => Role::Inner(layers[layer]),
        Role::Output(layer) => Role::Output(layers[layer]),
        Role::OutputNorm(layer) => Role::OutputNorm(layers[layer]),
        other => other,
    }
}

/// Layers above a module: 0 for the head, `layers + 1` for the embeddings.
fn depth(role: Role, layers: usize) -> usize {
    match role {
        Role::HeadHidden | Role::HeadOutput(_) => 0,
        Role::Query(layer)
        | Role::Key(layer)
        | Role::Value(layer)
        | Role::AttentionOutput(layer)
        | Role::AttentionNorm(layer)
        | Role::Inner(layer)
        | Role::Output(layer)
        | Role::OutputNorm(layer) => layers - layer,
        _ => layers + 1,
    }
}

/// First values of new modules.
struct Drawn {
    random: ChaCha8Rng,
    deviation: f32,
}

impl Drawn {
    fn new(config: &EncoderConfig, seed: u64) -> Self {
        // `transformers` draws with 0.02 where the config is silent; a deviation of 0 would never learn.
        let deviation = if config.initializer_range > 0.0 { config.initializer_range } else { 0.02 };
        Self { random: ChaCha8Rng::seed_from_u64(seed), deviation }
    }

    fn values(&mut self, module: &Module, tensor: &ModuleTensor) -> Vec<f32> {
        let length = tensor.shape.iter().product();
        match (module.kind, tensor.shape.len()) {
            (ModuleKind::Norm { .. }, _) if tensor.name.ends_with(".weight") => vec![1.0; length],
            (_, 1) => vec![0.0; length],
            _ => (0..length).map(|_| self.deviation * self.normal()).collect(),
        }
    }

    /// A standard normal value (Box and Muller 1958).
    fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.random.random::<f32>()).ln()).sqrt();
        radius * (std::f32::consts::TAU * self.random.random::<f32>()).cos()
    }
}

//! The tensors of a network by role: loaded from a checkpoint, drawn at random, written back.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use lelp_model::checkpoint::{
    EncoderConfig, EncoderModule, ModuleKind, ModuleRole, ModuleTensor, Weights, WeightsError,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::device::DeviceError;
use lelp_method::{NamedArray, StateError, copy_array};

/// Why a network has no parameters.
#[derive(Debug, Error)]
pub enum ParametersError {
    /// The checkpoint's weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
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

/// Indices of a module's tensors in the list of parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct TensorIndices {
    pub(super) weight: usize,
    pub(super) bias: Option<usize>,
}

/// A pretrained checkpoint that the first weights are read from.
pub struct PretrainedWeights<'a> {
    /// Folder of the weights.
    pub folder: &'a Path,
    /// Its config.
    pub config: &'a EncoderConfig,
    /// Layers that become the network's, in order.
    pub layers: &'a [usize],
    /// Whether the output layer is taken, where it has as many outputs.
    pub head: bool,
}

/// A tensor as it is written.
#[derive(Debug, Clone)]
pub struct SavedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// The tensors of an encoder and its head; the token table is the first.
#[derive(Debug)]
pub struct EncoderParameters {
    list: Vec<Parameter>,
    places: HashMap<ModuleRole, TensorIndices>,
    device: burn::tensor::Device,
}

impl EncoderParameters {
    /// Reads the encoder from a checkpoint, and of its head what it has; the rest is drawn at random from `seed`.
    pub fn load(
        checkpoint: &PretrainedWeights<'_>,
        config: &EncoderConfig,
        outputs: usize,
        seed: u64,
        device: super::Device,
    ) -> Result<Self, ParametersError> {
        let source = checkpoint.config;
        let weights = Weights::open(checkpoint.folder, source)?;
        let mut drawn = Initializer::new(config, seed);
        Self::build(config, outputs, device, |module, tensor| {
            let role = module.role;
            let role = role.layer().map_or(role, |layer| role.in_layer(checkpoint.layers[layer]));
            let original = source.module(role);
            let has = || original.tensors().all(|tensor| weights.read(&tensor).is_ok());
            let taken = match module.role {
                ModuleRole::HeadOutput(_) => checkpoint.head && has(),
                ModuleRole::HeadHidden => has(),
                _ => true,
            };
            if !taken {
                return Ok(drawn.values(module, tensor));
            }
            let same = |other: &ModuleTensor| other.name.rsplit('.').next() == tensor.name.rsplit('.').next();
            let tensor = original.tensors().find(same).expect("modules of one role have the same tensors");
            Ok(weights.read(&tensor)?.into_owned())
        })
    }

    /// Draws everything at random from `seed`: normal weights of the config's deviation, zero biases.
    pub fn draw(
        config: &EncoderConfig,
        outputs: usize,
        seed: u64,
        device: super::Device,
    ) -> Result<Self, ParametersError> {
        let mut drawn = Initializer::new(config, seed);
        Self::build(config, outputs, device, |module, tensor| Ok(drawn.values(module, tensor)))
    }

    fn build(
        config: &EncoderConfig,
        outputs: usize,
        device: super::Device,
        mut values: impl FnMut(&EncoderModule, &ModuleTensor) -> Result<Vec<f32>, ParametersError>,
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
            places.insert(module.role, TensorIndices { weight, bias });
        }
        Ok(Self { list, places, device })
    }

    pub(super) fn device(&self) -> &burn::tensor::Device {
        &self.device
    }

    /// Number of values in all tensors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.iter().map(|parameter| parameter.values.dims()[0]).sum()
    }

    pub(super) fn list(&self) -> &[Parameter] {
        &self.list
    }

    pub(super) fn list_mut(&mut self) -> &mut [Parameter] {
        &mut self.list
    }

    /// Where the tensors of a role stand.
    pub(super) fn place(&self, role: ModuleRole) -> TensorIndices {
        self.places[&role]
    }

    /// All tensors, under their names in a sequence classifier's file.
    #[must_use]
    pub fn save(&self) -> Vec<SavedTensor> {
        let saved = |parameter: &Parameter| SavedTensor {
            name: parameter.tensor.classifier_name.clone(),
            shape: parameter.tensor.shape.clone(),
            values: to_vec(parameter.values.clone()),
        };
        self.list.iter().map(saved).collect()
    }

    /// All tensors, under `prefix` and their names.
    #[must_use]
    pub fn state(&self, prefix: &str) -> Vec<NamedArray> {
        let array =
            |saved: SavedTensor| NamedArray { name: format!("{prefix}{}", saved.name), values: saved.values };
        self.save().into_iter().map(array).collect()
    }

    /// Takes over what [`state`](Self::state) gave under `prefix`.
    pub fn load_state(&mut self, prefix: &str, state: &[NamedArray]) -> Result<(), StateError> {
        for parameter in &mut self.list {
            let name = format!("{prefix}{}", parameter.tensor.classifier_name);
            parameter.values = read(state, &name, parameter.values.dims()[0], &self.device)?;
        }
        Ok(())
    }
}

/// The array `name` of `state`, of `length` values.
pub(super) fn read(
    state: &[NamedArray],
    name: &str,
    length: usize,
    device: &burn::tensor::Device,
) -> Result<Tensor<1>, StateError> {
    let mut values = vec![0.0; length];
    copy_array(state, name, &mut values)?;
    Ok(flat(values, device))
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

/// Layers above a module: 0 for the head, `layers + 1` for the embeddings.
fn depth(role: ModuleRole, layers: usize) -> usize {
    match (role, role.layer()) {
        (ModuleRole::HeadHidden | ModuleRole::HeadOutput(_), _) => 0,
        (_, Some(layer)) => layers - layer,
        (_, None) => layers + 1,
    }
}

/// First values of modules that no checkpoint has.
struct Initializer {
    random: ChaCha8Rng,
    deviation: f32,
}

impl Initializer {
    fn new(config: &EncoderConfig, seed: u64) -> Self {
        // `transformers` draws with 0.02 where the config is silent; a deviation of 0 would never learn.
        let deviation = if config.initializer_range > 0.0 { config.initializer_range } else { 0.02 };
        Self { random: ChaCha8Rng::seed_from_u64(seed), deviation }
    }

    fn values(&mut self, module: &EncoderModule, tensor: &ModuleTensor) -> Vec<f32> {
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

//! An encoder that learns: a fine-tuned teacher or a student.

use std::num::NonZeroUsize;
use std::path::Path;

use lelp_method::{Gradients, Method, NamedArray, StateError, TermSum};
use lelp_model::checkpoint::EncoderConfig;
use lelp_network::{
    AdamW, AdamWState, Device, DropoutKey, EncoderNetwork, EncoderParameters, PretrainedWeights,
};

use super::error::EncoderTrainingError;
use super::inputs::EncoderInputs;
use super::settings::EncoderTrainSettings;
use crate::training::Trainable;

/// Where an encoder's first weights come from.
#[derive(Debug, Clone, Copy)]
pub enum InitialWeights<'a> {
    /// A checkpoint with its own config, and which of its layers are taken, from the lowest.
    Folder {
        /// The checkpoint.
        folder: &'a Path,
        /// Its config.
        config: &'a EncoderConfig,
        /// Numbers of the layers that become the student's, in order.
        layers: &'a [usize],
        /// Whether the output layer is taken too, where it has as many outputs.
        head: bool,
    },
    /// Drawn at random.
    Random,
}

/// An encoder in training.
#[derive(Debug)]
pub struct TrainableEncoder {
    network: EncoderNetwork,
    optimizer: AdamWState,
    device: Device,
    micro_batch: Option<NonZeroUsize>,
    seed: u64,
    best: Option<Vec<NamedArray>>,
}

impl TrainableEncoder {
    /// A network shaped as `config` with `outputs` outputs.
    pub fn new(
        mut config: EncoderConfig,
        outputs: usize,
        weights: InitialWeights<'_>,
        settings: &EncoderTrainSettings,
        seed: u64,
    ) -> Result<Self, EncoderTrainingError> {
        settings.check()?;
        if let Some(dropout) = settings.dropout {
            config.dropout =
                lelp_model::checkpoint::Dropout { hidden: dropout, attention: dropout, classifier: dropout };
        }
        let parameters = match weights {
            InitialWeights::Random => EncoderParameters::draw(&config, outputs, seed, settings.device)?,
            InitialWeights::Folder { folder, config: source, layers, head } => {
                let checkpoint = PretrainedWeights { folder, config: source, layers, head };
                EncoderParameters::load(&checkpoint, &config, outputs, seed, settings.device)?
            }
        };
        let network = EncoderNetwork::new(config, parameters, outputs);
        let EncoderTrainSettings { weight_decay, clip, layer_decay, .. } = *settings;
        let optimizer =
            AdamWState::new(&network, AdamW { weight_decay, clip, layer_decay, ..AdamW::default() });
        let EncoderTrainSettings { device, micro_batch, .. } = *settings;
        Ok(Self { network, optimizer, device, micro_batch, seed, best: None })
    }

    /// The network's shape.
    #[must_use]
    pub fn config(&self) -> &EncoderConfig {
        self.network.config()
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.network.parameters().count()
    }

    /// The weights as a `model.safetensors` of the family's sequence classifier.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, EncoderTrainingError> {
        let saved = self.network.parameters().save();
        let views = saved.iter().map(|tensor| {
            let bytes = bytemuck::cast_slice(&tensor.values);
            let view =
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, tensor.shape.clone(), bytes);
            view.map(|view| (tensor.name.as_str(), view))
        });
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let metadata = [("format".to_owned(), "pt".to_owned())].into();
        Ok(safetensors::serialize(views, Some(metadata))?)
    }
}

/// Names of the arrays of a checkpoint.
const NOW: &str = "now.";
const BEST: &str = "best.";

impl Trainable<EncoderInputs> for TrainableEncoder {
    fn outputs(&self) -> usize {
        self.network.outputs()
    }

    fn embedding(&self) -> usize {
        self.network.config().width
    }

    /// A method that needs its batch whole gets it whole, whatever the micro-batch.
    fn step(
        &mut self,
        inputs: &EncoderInputs,
        rows: &[u32],
        method: &mut dyn Method,
        learning_rate: f32,
        sums: &mut [TermSum],
    ) -> Option<f64> {
        let together = self.micro_batch.filter(|_| method.row_wise().is_some());
        let batch = inputs.batch(rows.iter().map(|&row| row as usize), together);
        let dropout = DropoutKey { seed: self.seed, step: self.optimizer.steps() };
        let (share, reads) = (1.0 / rows.len() as f64, method.embedding().is_some());
        let gradients = self.network.gradients(&batch, dropout, &mut |texts, computed| {
            let embedding = if reads { &computed.embedding[..] } else { &[] };
            let mut loss_gradients = (vec![0.0; computed.outputs.len()], vec![0.0; embedding.len()]);
            let batch =
                lelp_method::Batch { rows: &rows[texts], share, outputs: &computed.outputs, embedding };
            let mut gradients =
                Gradients { outputs: &mut loss_gradients.0, embedding: &mut loss_gradients.1 };
            match method.row_wise() {
                Some(method) => method.gradient(&batch, &mut gradients, sums),
                None => method.learn(&batch, &mut gradients, sums),
            }
            loss_gradients
        });
        let length = self.optimizer.step(&mut self.network, &batch, gradients, f64::from(learning_rate));
        if length.is_finite() {
            method.step(learning_rate);
        }
        Some(length)
    }

    fn forward(&self, inputs: &EncoderInputs, first: usize, outputs: &mut [f32]) {
        let rows = outputs.len() / self.network.outputs();
        let batch = inputs.batch(first..first + rows, None);
        outputs.copy_from_slice(&self.network.answer(&batch).outputs);
    }

    fn remember(&mut self) {
        self.best = Some(self.network.parameters().state(BEST));
    }

    fn restore(&mut self) {
        if let Some(best) = &self.best {
            self.network.parameters_mut().load_state(BEST, best).expect("kept from this very network");
        }
    }

    fn padded_cost(&self, inputs: &EncoderInputs, row: usize) -> Option<usize> {
        (self.device != Device::Cpu).then(|| inputs.length(row))
    }

    fn state(&self) -> Option<Vec<NamedArray>> {
        let mut state = self.network.parameters().state(NOW);
        state.extend(self.optimizer.state(&self.network));
        state.extend(self.best.iter().flatten().cloned());
        Some(state)
    }

    fn load_state(&mut self, state: &[NamedArray]) -> Result<(), StateError> {
        self.network.parameters_mut().load_state(NOW, state)?;
        self.optimizer.load_state(&self.network, state)?;
        let best: Vec<NamedArray> =
            state.iter().filter(|array| array.name.starts_with(BEST)).cloned().collect();
        self.best = (!best.is_empty()).then_some(best);
        Ok(())
    }
}

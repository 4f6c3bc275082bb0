//! An encoder that learns: a fine-tuned teacher or a student.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp_data::Text;
use lelp_data::storage::FileError;
use lelp_model::PredictError;
use lelp_model::checkpoint::EncoderConfig;
use lelp_model::encoder::EncoderError;
use lelp_model::tokenizer::{Tokenizer, Tokens};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Trainable;
use lelp_method::{self, Gradients, Method, NamedArray, StateError, TermSum};
use lelp_network::{
    AdamW, AdamWState, Device, DropoutKey, EncoderNetwork, EncoderParameters, ParametersError,
    PretrainedWeights, TokenBatch,
};

/// How an encoder is trained, beside what every student has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncoderTrainSettings {
    /// Where it runs.
    pub device: Device,
    /// Texts that go through the network together; larger batches are taken in parts. 0 for whole batches.
    pub micro_batch: usize,
    /// Decoupled weight decay of matrices; biases and norms have none.
    pub weight_decay: f64,
    /// Longest gradient of a step, over all tensors together; 0 for any.
    pub clip: f64,
    /// What the learning rate is multiplied by for each layer below the head, above 0 and at most 1.
    pub layer_decay: f64,
    /// Dropout in place of the config's: hidden vectors, attention and head; none to keep the config's.
    pub dropout: Option<f32>,
}

impl Default for EncoderTrainSettings {
    fn default() -> Self {
        let AdamW { weight_decay, clip, layer_decay, .. } = AdamW::default();
        Self { device: Device::Cpu, micro_batch: 0, weight_decay, clip, layer_decay, dropout: None }
    }
}

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

/// Why there is no encoder student.
#[derive(Debug, Error)]
pub enum EncoderStudentError {
    /// The weights do not fit.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// The folder is no encoder that can be read.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The training would not fit into memory.
    #[error("training needs about {needed} MiB of memory, and {available} MiB are free")]
    Memory {
        /// MiB needed.
        needed: usize,
        /// MiB free.
        available: usize,
    },
    /// More layers than there are.
    #[error("`{}` has {found} layers, but {asked} are asked for", folder.display())]
    Layers {
        /// The folder.
        folder: PathBuf,
        /// Its layers.
        found: usize,
        /// Layers asked for.
        asked: usize,
    },
    /// Texts longer than the position table.
    #[error(
        "`{}` has positions for {positions} tokens, but texts of {asked} are asked for",
        folder.display()
    )]
    TooLong {
        /// The folder.
        folder: PathBuf,
        /// Tokens asked for.
        asked: usize,
        /// Tokens that there are positions for.
        positions: usize,
    },
    /// A setting out of its range.
    #[error("{name} is {value}: use {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// The classifier's file cannot be made.
    #[error("cannot write the weights")]
    Write(#[from] safetensors::SafeTensorError),
}

/// Tokenised texts of a data set.
#[derive(Debug)]
pub struct EncoderInputs {
    texts: Vec<Tokens>,
}

impl EncoderInputs {
    /// Tokenises `texts`.
    pub fn new(
        tokenizer: &Tokenizer,
        texts: &[Text<'_>],
        threads: NonZeroUsize,
    ) -> Result<Self, PredictError> {
        Ok(Self { texts: tokenizer.encode(texts, threads)? })
    }

    /// Number of texts.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.texts.len()
    }

    /// Tokens of all texts.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.texts.iter().map(|text| text.ids.len()).sum()
    }

    /// Tokens of every text.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.texts.iter().map(|text| text.ids.len()).collect()
    }

    fn batch(&self, rows: impl Iterator<Item = usize>, together: usize) -> TokenBatch {
        let texts: Vec<&Tokens> = rows.map(|row| &self.texts[row]).collect();
        TokenBatch::new(&texts, if together == 0 { texts.len().max(1) } else { together })
    }
}

/// An encoder in training.
#[derive(Debug)]
pub struct TrainableEncoder {
    network: EncoderNetwork,
    optimizer: AdamWState,
    device: Device,
    micro_batch: usize,
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
    ) -> Result<Self, EncoderStudentError> {
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
    pub fn to_safetensors(&self) -> Result<Vec<u8>, EncoderStudentError> {
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

impl EncoderTrainSettings {
    /// Checks the ranges that the fields document.
    fn check(&self) -> Result<(), EncoderStudentError> {
        let checks = [
            ("weight_decay", self.weight_decay, self.weight_decay >= 0.0, "0 or more"),
            ("clip", self.clip, self.clip >= 0.0, "0 or more"),
            (
                "layer_decay",
                self.layer_decay,
                self.layer_decay > 0.0 && self.layer_decay <= 1.0,
                "a number above 0, at most 1",
            ),
            (
                "dropout",
                f64::from(self.dropout.unwrap_or(0.0)),
                self.dropout.is_none_or(|dropout| (0.0..1.0).contains(&dropout)),
                "0 or more, below 1",
            ),
        ];
        for (name, value, holds, range) in checks {
            if !holds {
                return Err(EncoderStudentError::Setting { name, value, range });
            }
        }
        Ok(())
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
        let together = if method.row_wise().is_some() { self.micro_batch } else { 0 };
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
        let batch = inputs.batch(first..first + rows, 0);
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
        (self.device != Device::Cpu).then(|| inputs.texts[row].ids.len())
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

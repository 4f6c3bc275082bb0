//! The static student that answers, and as bytes: `config.json` and `model.safetensors`.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::config::StaticConfig;
use super::embeddings::{StaticEmbeddings, StaticScratch};
use crate::Text;
use crate::layer::{LayerBuffers, OutputLayers};
use crate::ngram::{Bytes, NgramBytesError, NgramConfigError, TablePrecision, Weights};

/// The `config.json` of this kind of model.
#[derive(Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
enum ConfigFile {
    Static(StaticConfig),
}

/// A trained static student: a text to logits of classes.
#[derive(Debug, Clone)]
pub struct StaticStudent {
    config: StaticConfig,
    embeddings: StaticEmbeddings,
    layers: OutputLayers,
}

/// Buffers of a prediction, reused from text to text: one for each thread that predicts.
#[derive(Debug, Clone)]
pub struct StaticStudentScratch {
    pieces: StaticScratch,
    mean: Vec<f32>,
    layers: LayerBuffers,
}

/// Why bytes are no static student.
#[derive(Debug, Error)]
pub enum StaticBytesError {
    /// The configuration is not what it should be.
    #[error("this is no configuration of a static student")]
    Config(#[source] serde_json::Error),
    /// The weights are unsound.
    #[error(transparent)]
    Weights(#[from] NgramBytesError),
    /// Configuration and weights do not fit together.
    #[error("configuration and weights do not fit together")]
    Model(#[source] StaticModelError),
}

/// Configuration, embeddings and layers do not fit together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StaticModelError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] NgramConfigError),
    /// The vectors have another width or precision than the configuration says.
    #[error(
        "vectors of width {width} in {}, but the configuration says {wanted_width} in {}",
        .stored.name(), .wanted.name()
    )]
    Embeddings {
        /// Their width.
        width: usize,
        /// As they are stored.
        stored: TablePrecision,
        /// Width configured.
        wanted_width: usize,
        /// As configured.
        wanted: TablePrecision,
    },
    /// The layers have other sizes than the configuration says.
    #[error("layers of sizes {given:?}, but the configuration says {wanted:?}")]
    Layers {
        /// Inputs and outputs of each.
        given: Vec<[usize; 2]>,
        /// As configured.
        wanted: Vec<[usize; 2]>,
    },
}

impl StaticStudent {
    /// Puts a student together; every shape is held against `config`.
    ///
    /// # Errors
    /// [`StaticModelError`] names the part that does not fit.
    pub fn new(
        config: StaticConfig,
        embeddings: StaticEmbeddings,
        layers: OutputLayers,
    ) -> Result<Self, StaticModelError> {
        config.check()?;
        let (width, stored) = (embeddings.width(), embeddings.table().precision());
        if (width, stored) != (config.width, config.table) {
            let (wanted_width, wanted) = (config.width, config.table);
            return Err(StaticModelError::Embeddings { width, stored, wanted_width, wanted });
        }
        let wanted = match config.hidden.map(NonZeroUsize::get) {
            None => vec![[config.width, config.outputs()]],
            Some(units) => vec![[config.width, units], [units, config.outputs()]],
        };
        if layers.sizes() != wanted {
            return Err(StaticModelError::Layers { given: layers.sizes(), wanted });
        }
        Ok(Self { config, embeddings, layers })
    }

    /// The student whose files are `config` and `weights`. The vectors stay where they are.
    ///
    /// # Errors
    /// [`StaticBytesError`] says which of the two is wrong.
    pub fn from_bytes(config: &[u8], weights: &Bytes) -> Result<Self, StaticBytesError> {
        let ConfigFile::Static(config) = serde_json::from_slice(config).map_err(StaticBytesError::Config)?;
        config.check().map_err(|error| StaticBytesError::Model(error.into()))?;
        let weights = Weights::open(weights)?;
        let embeddings = StaticEmbeddings::read(&weights, config.table)?;
        let layers = weights.layers(config.hidden.is_some())?;
        Self::new(config, embeddings, layers).map_err(StaticBytesError::Model)
    }

    /// The bytes of `config.json`, in lines.
    #[must_use]
    pub fn config_bytes(&self) -> Vec<u8> {
        let config = ConfigFile::Static(self.config.clone());
        let mut bytes = serde_json::to_vec_pretty(&config).expect("numbers and names become JSON");
        bytes.push(b'\n');
        bytes
    }

    /// The bytes of `model.safetensors`.
    #[must_use]
    pub fn weight_bytes(&self) -> Vec<u8> {
        let pieces = self.embeddings.vocabulary().to_bytes();
        let mut tensors = self.embeddings.tensors(&pieces);
        tensors.extend(self.layers.tensors());
        safetensors::serialize(tensors, None).expect("shapes are those of the values")
    }

    /// Shape and labels.
    #[must_use]
    pub fn config(&self) -> &StaticConfig {
        &self.config
    }

    /// Pieces and their vectors.
    #[must_use]
    pub fn embeddings(&self) -> &StaticEmbeddings {
        &self.embeddings
    }

    /// From the mean of vectors to the outputs.
    #[must_use]
    pub fn layers(&self) -> &OutputLayers {
        &self.layers
    }

    /// The student with its vectors in 8 bits.
    #[must_use]
    pub fn quantized(&self) -> Self {
        let config = StaticConfig { table: TablePrecision::Int8, ..self.config.clone() };
        Self { config, embeddings: self.embeddings.quantized(), layers: self.layers.clone() }
    }

    /// Buffers for [`class_logits`](Self::class_logits).
    #[must_use]
    pub fn scratch(&self) -> StaticStudentScratch {
        let (mean, layers) = (vec![0.0; self.config.width], self.layers.buffers());
        StaticStudentScratch { pieces: StaticScratch::default(), mean, layers }
    }

    /// Class logits of one text, or pair of texts, into `logits` `[classes]`: log-sum-exp over each class's outputs.
    pub fn class_logits(&self, text: &Text<'_>, scratch: &mut StaticStudentScratch, logits: &mut [f32]) {
        let StaticStudentScratch { pieces, mean, layers } = scratch;
        self.embeddings.embed(text, self.config.max_tokens, pieces, mean);
        self.layers.class_logits(mean, self.config.subclasses, layers, logits);
    }
}

//! An encoder's folder: a sequence classifier that `transformers` and `lelp` both load.

use std::num::NonZeroUsize;
use std::path::Path;

use lelp_data::storage;
use lelp_model::checkpoint::{self, EncoderConfig, EncoderConfigFileError};
use lelp_model::encoder::EncoderError;
use lelp_model::encoder_classifier::{CLASSIFIER_FILE, SequenceClassifierConfig};
use lelp_model::tokenizer::Tokenizer;

use super::{EncoderTrainSettings, EncoderTrainingError, InitialWeights, TrainableEncoder};

/// Longest text where nobody says otherwise, in tokens: longer ones cost their square.
const LONGEST: usize = 512;

/// A folder that an encoder in training starts from: its config, its tokenizer, and where its weights come from.
#[derive(Debug)]
pub struct EncoderSource {
    folder: std::path::PathBuf,
    /// The folder's own config.
    source: EncoderConfig,
    /// The config of the network.
    config: EncoderConfig,
    /// Layers of the folder that the network takes; none where it starts from random weights.
    layers: Option<Vec<usize>>,
    /// Whether the folder's head is taken where it has as many outputs.
    head: bool,
    tokenizer: Tokenizer,
}

/// Sizes of a network that starts from random weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderSizes {
    /// Layers.
    pub layers: usize,
    /// Width of the hidden vectors.
    pub width: usize,
    /// Attention heads, which share the width.
    pub heads: usize,
    /// Width between the two feed-forward products.
    pub inner: usize,
}

impl EncoderSource {
    /// All of the encoder in `folder`, its head too where it is a classifier of as many outputs.
    pub fn whole(folder: &Path, max_length: Option<NonZeroUsize>) -> Result<Self, EncoderTrainingError> {
        let source = EncoderConfig::load(folder).map_err(EncoderError::from)?;
        let layers = (0..source.layers).collect();
        Self::new(folder, source.clone(), source, Some(layers), true, max_length)
    }

    /// The layers `layers` of the encoder in `folder`, counted from 0, from the lowest; without its output layer.
    pub fn layers(
        folder: &Path,
        layers: Vec<usize>,
        max_length: Option<NonZeroUsize>,
    ) -> Result<Self, EncoderTrainingError> {
        let source = EncoderConfig::load(folder).map_err(EncoderError::from)?;
        if layers.is_empty() || layers.iter().any(|&layer| layer >= source.layers) {
            let found = source.layers;
            let asked = layers.iter().max().map_or(0, |layer| layer + 1);
            return Err(EncoderTrainingError::Layers { folder: folder.to_owned(), found, asked });
        }
        let config = EncoderConfig { layers: layers.len(), ..source.clone() };
        Self::new(folder, source, config, Some(layers), false, max_length)
    }

    /// A network of the given sizes with random weights; family, tokenizer and the rest are the folder's.
    pub fn scratch(
        folder: &Path,
        sizes: EncoderSizes,
        max_length: Option<NonZeroUsize>,
    ) -> Result<Self, EncoderTrainingError> {
        let source = EncoderConfig::load(folder).map_err(EncoderError::from)?;
        let EncoderSizes { layers, width, heads, inner } = sizes;
        let embedding_width = if source.family.factorised { source.embedding_width } else { width };
        let config = EncoderConfig { layers, width, heads, inner, embedding_width, ..source.clone() };
        let invalid = |source| EncoderConfigFileError::Invalid { path: folder.join("config.json"), source };
        config.check().map_err(|source| EncoderError::from(invalid(source)))?;
        Self::new(folder, source, config, None, false, max_length)
    }

    fn new(
        folder: &Path,
        source: EncoderConfig,
        config: EncoderConfig,
        layers: Option<Vec<usize>>,
        head: bool,
        max_length: Option<NonZeroUsize>,
    ) -> Result<Self, EncoderTrainingError> {
        let own = Tokenizer::longest(folder).map_err(EncoderError::from)?;
        let own = own.map_or(LONGEST, NonZeroUsize::get).min(LONGEST);
        let longest = max_length.map_or(own, NonZeroUsize::get);
        if max_length.is_some() && longest > config.longest() {
            let positions = config.longest();
            return Err(EncoderTrainingError::TooLong {
                folder: folder.to_owned(),
                asked: longest,
                positions,
            });
        }
        let tokenizer =
            Tokenizer::load(folder, &config, longest.min(config.longest())).map_err(EncoderError::from)?;
        Ok(Self { folder: folder.to_owned(), source, config, layers, head, tokenizer })
    }

    /// The folder's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// SHA-256 over the names and hashes of the folder's files.
    pub fn hash(&self) -> Result<String, EncoderTrainingError> {
        Ok(checkpoint::encoder_hash(&self.folder).map_err(EncoderError::from)?)
    }

    /// Width of the network's embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.config.width
    }

    /// A network with `outputs` outputs, ready to be trained.
    pub fn student(
        &self,
        outputs: usize,
        settings: &EncoderTrainSettings,
        seed: u64,
    ) -> Result<TrainableEncoder, EncoderTrainingError> {
        let weights = match &self.layers {
            None => InitialWeights::Random,
            Some(layers) => {
                InitialWeights::Folder { folder: &self.folder, config: &self.source, layers, head: self.head }
            }
        };
        TrainableEncoder::new(self.config.clone(), outputs, weights, settings, seed)
    }

    /// Writes what was trained: config, weights and tokenizer as `transformers` reads them, and `lelp.json`.
    ///
    /// The weights come last but one, and `config.json`, which makes the folder a model, last.
    pub fn save(
        &self,
        folder: &Path,
        student: &TrainableEncoder,
        labels: &[String],
        subclasses: NonZeroUsize,
    ) -> Result<(), EncoderTrainingError> {
        storage::create_folder(folder)?;
        self.tokenizer.save(&self.folder, folder).map_err(EncoderError::from)?;
        let own = SequenceClassifierConfig::new(
            labels.to_vec(),
            subclasses,
            NonZeroUsize::new(self.tokenizer.max_length()),
        );
        storage::write(&folder.join(CLASSIFIER_FILE), &own.to_bytes())?;
        storage::write(&folder.join("model.safetensors"), &student.to_safetensors()?)?;
        let outputs =
            if subclasses.get() == 1 { labels.to_vec() } else { subclass_names(labels, subclasses) };
        // Another dropout was a setting of the training, not of the network.
        let config = EncoderConfig {
            architectures: vec![self.config.family.architecture.to_owned()],
            labels: Some(outputs),
            problem: None,
            ..self.config.clone()
        };
        Ok(storage::write(&folder.join("config.json"), &config.to_bytes())?)
    }
}

/// `class/subclass` for every output.
fn subclass_names(labels: &[String], subclasses: NonZeroUsize) -> Vec<String> {
    let names =
        labels.iter().flat_map(|label| (0..subclasses.get()).map(move |place| format!("{label}/{place}")));
    names.collect()
}

/// Layers of a teacher that a smaller student takes, counted from 0.
#[must_use]
pub fn spaced_layers(taken: usize, of: usize) -> Vec<usize> {
    // The last of each of `taken` equal stretches, as DistilBERT's even spacing with the top layer kept.
    (1..=taken).map(|place| (place * of).div_ceil(taken.max(1)) - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaced_layers_end_with_the_top_one() {
        assert_eq!(spaced_layers(2, 6), [2, 5]);
        assert_eq!(spaced_layers(3, 12), [3, 7, 11]);
        assert_eq!(spaced_layers(6, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spaced_layers(1, 6), [5]);
        assert_eq!(spaced_layers(5, 6), [1, 2, 3, 4, 5]);
    }
}

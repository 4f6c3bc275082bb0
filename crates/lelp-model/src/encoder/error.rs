//! Why an encoder could not be loaded.

use std::path::PathBuf;

use thiserror::Error;

use super::config::ConfigError;
use super::tokenizer::TokenizerError;
use super::weights::WeightsError;
use lelp_data::storage::FileError;

/// Why an encoder could not be loaded; every variant about a file names it.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` does not describe an encoder that we can run.
    #[error("`{}`: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ConfigError,
    },
    /// `model.safetensors` does not fit the config.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The tokenizer cannot serve this encoder.
    #[error("`{}`: {source}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TokenizerError,
    },
    /// One of the sentence-transformers files beside the model is not as it should be.
    #[error("`{}`: {source}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// The folder asks for a pooling that is not supported.
    #[error("`{}`: pooling `{pooling}` is not supported; choose mean, cls or max", path.display())]
    Pooling {
        /// The file.
        path: PathBuf,
        /// The pooling it asks for.
        pooling: String,
    },
    /// The engine refused the graph we wrote: our fault.
    #[error("the encoder graph was refused: {reason}")]
    Graph {
        /// The engine's own words.
        reason: String,
    },
}

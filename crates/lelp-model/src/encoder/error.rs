//! Why an encoder could not be loaded.

use std::path::PathBuf;

use thiserror::Error;

use crate::checkpoint::{EncoderConfigFileError, JsonFileError, WeightsError};
use crate::engine::EngineError;
use crate::tokenizer::TokenizerFileError;
use lelp_data::storage::FileError;

/// Why an encoder could not be loaded; every variant about a file names it.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` does not describe an encoder that we can run.
    #[error(transparent)]
    Config(#[from] EncoderConfigFileError),
    /// `model.safetensors` does not fit the config.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The tokenizer cannot serve this encoder.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerFileError),
    /// One of the sentence-transformers files beside the model is not as it should be.
    #[error(transparent)]
    Settings(#[from] JsonFileError),
    /// The folder asks for a pooling that is not supported.
    #[error("`{}`: pooling `{pooling}` is not supported; choose mean, cls or max", path.display())]
    Pooling {
        /// The file.
        path: PathBuf,
        /// The pooling it asks for.
        pooling: String,
    },
    /// The folder asks for a step that is not taken.
    #[error("`{}` has a module `{module}` behind the encoder, which is not computed; choose a pooling (mean, cls or max) to use the encoder without it", path.display())]
    Module {
        /// `modules.json`.
        path: PathBuf,
        /// The module's class.
        module: String,
    },
    /// The engine refused the graph we wrote: our fault.
    #[error(transparent)]
    Graph(#[from] EngineError),
}

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
    /// The settings of the pooling are not in the folder: another pooling would give other embeddings.
    #[error("`{}` places the settings of the pooling in `{pooling}`, which is not there; fetch it, or choose a pooling (mean, cls or max)", path.display())]
    PoolingMissing {
        /// `modules.json`.
        path: PathBuf,
        /// The folder it names.
        pooling: String,
    },
    /// The encoder is in a folder inside of this one, as sentence-transformers before version 2 saved it.
    #[error("`{}` places the encoder in `{inner}`; move the files in there beside `modules.json`, and make its `path` empty", path.display())]
    InnerFolder {
        /// `modules.json`.
        path: PathBuf,
        /// The folder it names.
        inner: String,
    },
    /// The engine refused the graph we wrote: our fault.
    #[error(transparent)]
    Graph(#[from] EngineError),
}

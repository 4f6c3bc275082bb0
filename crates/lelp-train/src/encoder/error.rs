//! Why an encoder cannot be trained or written.

use std::path::PathBuf;

use lelp_data::storage::FileError;
use lelp_model::encoder::EncoderError;
use lelp_network::ParametersError;
use thiserror::Error;

/// Why an encoder cannot be trained or written.
#[derive(Debug, Error)]
pub enum EncoderTrainingError {
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

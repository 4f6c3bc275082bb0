//! Why there is no network on columns.

use lelp::{Classified, ErrorKind};
use lelp_data::SchemaError;
use lelp_model::encoder::EncoderError;
use lelp_model::layer::LayerError;
use lelp_model::mlp::{MlpError, MlpFileError};
use thiserror::Error;

use crate::head::EmbeddingRowsError;

/// Why there is no network on columns.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The frozen encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The validation rows lack a column, or have it in another kind.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The inputs cannot be learned from.
    #[error(transparent)]
    Rows(#[from] EmbeddingRowsError),
    /// The trained weights are not finite.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The parts of the network do not fit together.
    #[error(transparent)]
    Parts(#[from] MlpError),
    /// The network cannot be written.
    #[error(transparent)]
    File(#[from] MlpFileError),
}

impl Classified for NetworkError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Schema(error) => error.kind(),
            Self::Rows(error) => error.kind(),
            Self::Layer(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Parts(error) => error.kind(),
        }
    }
}

//! Why a model could not answer.

use lelp::{Classified, ErrorKind};
use lelp_data::{SchemaError, TableError};
use thiserror::Error;

use crate::engine::EngineError;
use crate::tokenizer::TokenizeError;

/// Why a model could not answer.
#[derive(Debug, Error)]
pub enum PredictError {
    /// The table does not have the columns that the model reads.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The inputs are no table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A text has no tokens.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// The caller asked to stop.
    #[error("cancelled after {done} of {rows} rows")]
    Cancelled {
        /// Rows that were done.
        done: usize,
        /// Rows that were asked for.
        rows: usize,
    },
    /// The engine failed: a fault of ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Classified for PredictError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Schema(error) => error.kind(),
            Self::Table(error) => error.kind(),
            Self::Tokenize(error) => error.kind(),
            Self::Cancelled { .. } => ErrorKind::Environment,
            Self::Engine(error) => error.kind(),
        }
    }
}

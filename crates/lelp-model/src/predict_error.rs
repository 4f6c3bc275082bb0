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
    /// Weights that no answer can be computed with, as a sum beyond the largest number.
    #[error("the model answers {logit} in place of a number: its weights are damaged, or too large to add")]
    NotFinite {
        /// The first such answer.
        logit: f32,
    },
    /// The engine failed: a fault of ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl PredictError {
    /// Refuses logits that are no numbers.
    pub(crate) fn check(logits: &[f32]) -> Result<(), Self> {
        logits.iter().find(|logit| !logit.is_finite()).map_or(Ok(()), |&logit| Err(Self::NotFinite { logit }))
    }
}

impl Classified for PredictError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Schema(error) => error.kind(),
            Self::Table(error) => error.kind(),
            Self::Tokenize(error) => error.kind(),
            Self::NotFinite { .. } => ErrorKind::Input,
            Self::Cancelled { .. } => ErrorKind::Environment,
            Self::Engine(error) => error.kind(),
        }
    }
}

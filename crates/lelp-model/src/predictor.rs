//! What every model that answers has in common.

use std::fmt;

use lelp::{Classified, ErrorKind};
use lelp_data::Text;
use thiserror::Error;

use crate::encoder::EngineError;
use crate::tokenizer::TokenizeError;

/// A model that gives class logits.
pub trait Predictor: fmt::Debug + Send + Sync {
    /// Name of the kind of model, as in the registry.
    fn kind(&self) -> &'static str;

    /// Names of the classes, in the order of the logits.
    fn labels(&self) -> &[String];

    /// Class logits of `texts`, `[texts.len(), classes]`, row-major; a student's subclasses are collapsed.
    fn logits(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, PredictError>;
}

/// Why a model could not answer.
#[derive(Debug, Error)]
pub enum PredictError {
    /// A text has no tokens.
    #[error(transparent)]
    Tokenize(#[from] TokenizeError),
    /// The caller asked to stop.
    #[error("cancelled after {done} of {texts} texts")]
    Cancelled {
        /// Texts that were done.
        done: usize,
        /// Texts that were asked for.
        texts: usize,
    },
    /// The engine failed: a fault of ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Classified for PredictError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Tokenize(error) => error.kind(),
            Self::Cancelled { .. } => ErrorKind::Environment,
            Self::Engine(error) => error.kind(),
        }
    }
}

//! Why a comparison stopped.

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use crate::recipe::ComparisonRecipeError;
use crate::store::ResultsError;

/// Why a comparison stopped.
#[derive(Debug, Error)]
pub enum RunError {
    /// The caller asked to stop.
    #[error("stopped; the next run of this recipe goes on after the last finished cell")]
    Cancelled,
    /// Results cannot be written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The recipe is inconsistent.
    #[error(transparent)]
    Recipe(#[from] ComparisonRecipeError),
}

impl Classified for RunError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Environment,
            Self::Results(error) => error.kind(),
            Self::Recipe(error) => error.kind(),
        }
    }
}

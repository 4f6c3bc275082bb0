//! Static embeddings: a vector for each piece of words, mean-pooled; alone, as the static student, or beside the n-grams of an
//! n-gram student.
//!
//! ```text
//! text -> words -> pieces -> mean of their vectors -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```

mod config;
mod embeddings;
mod error;
mod student;
mod vocabulary;

use crate::{Classified, ErrorKind};

pub use config::StaticConfig;
pub use embeddings::{StaticEmbeddings, StaticScratch};
pub use error::StaticEmbeddingsError;
pub use student::{StaticBytesError, StaticModelError, StaticStudent, StaticStudentScratch};
pub use vocabulary::{Piece, PieceVocabulary, PieceVocabularyError};

impl Classified for StaticBytesError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

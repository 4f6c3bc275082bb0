//! Why static embeddings do not hold together.

use thiserror::Error;

use super::vocabulary::PieceVocabularyError;
use crate::ngram::FeatureTableError;

/// Why pieces and vectors do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StaticEmbeddingsError {
    /// The pieces are no vocabulary.
    #[error(transparent)]
    Vocabulary(#[from] PieceVocabularyError),
    /// The table does not hold together.
    #[error(transparent)]
    Table(#[from] FeatureTableError),
    /// Not one vector for each piece.
    #[error("there are {pieces} pieces, but {rows} vectors")]
    Rows {
        /// Pieces.
        pieces: usize,
        /// Vectors.
        rows: usize,
    },
}

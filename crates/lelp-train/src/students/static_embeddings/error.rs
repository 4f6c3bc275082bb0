//! Why there are no vectors for static embeddings to begin as.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lelp::FitError;
use lelp_data::{DataError, TableError};
use lelp_model::encoder::EncoderError;
use lelp_model::static_embeddings::{Model2VecError, PieceVocabularyError};
use thiserror::Error;

use crate::teachers::EmbedError;

/// Why there are no vectors to begin with.
#[derive(Debug, Error)]
pub enum PretrainedError {
    /// No encoder is named, and the teacher is known by its signals alone.
    #[error(
        "static embeddings begin as those of an encoder, but the teacher is known by its signals alone: name one"
    )]
    NoEncoder,
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder cannot read its own pieces.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The folder of static embeddings is unsound.
    #[error(transparent)]
    Model2Vec(#[from] Model2VecError),
    /// The tokenizer knows no piece of words.
    #[error("the tokenizer in `{}` knows no letters, digits or words", .0.display())]
    NoPieces(PathBuf),
    /// More columns than the encoder gives.
    #[error("static embeddings of width {width}, but `{}` gives {columns} columns: use {columns} or fewer", folder.display())]
    Width {
        /// Columns asked for.
        width: NonZeroUsize,
        /// Columns of the encoder's embeddings.
        columns: usize,
        /// The encoder.
        folder: PathBuf,
    },
    /// The pieces do not hold together.
    #[error(transparent)]
    Vocabulary(#[from] PieceVocabularyError),
    /// The pieces are no table of texts.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The pieces are no data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There are no principal components.
    #[error(transparent)]
    Components(#[from] FitError),
}

impl PretrainedError {
    /// Whether the encoder that is named or the teacher is none that static embeddings can begin as, rather than that
    /// something failed.
    #[must_use]
    pub fn is_no_fit(&self) -> bool {
        matches!(self, Self::NoEncoder | Self::Encoder(_) | Self::NoPieces(_) | Self::Width { .. })
    }
}

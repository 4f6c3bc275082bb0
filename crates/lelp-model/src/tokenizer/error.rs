//! Why a tokenizer cannot serve an encoder, or a text has no tokens.

use std::path::PathBuf;

use thiserror::Error;

use crate::checkpoint::JsonFileError;
use lelp_data::storage::FileError;

/// Why a tokenizer cannot serve the encoder beside it.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file is not a tokenizer.
    #[error("not a tokenizer")]
    Format(#[source] tokenizers::Error),
    /// The tokenizer gives ids that the embedding table does not have.
    #[error(
        "the tokenizer has ids up to {highest}, but the config has vocab_size {vocabulary}; is it another model's?"
    )]
    Vocabulary {
        /// Highest id of the tokenizer.
        highest: u32,
        /// Rows of the embedding table.
        vocabulary: usize,
    },
    /// The word pieces lack a token that every text needs.
    #[error("there is no token `{token}`, which stands around or in every text")]
    Special {
        /// The token.
        token: String,
    },
    /// Only some families have word pieces.
    #[error("a vocabulary alone is no tokenizer for `{model_type}`; save its `tokenizer.json` beside it")]
    VocabularyAlone {
        /// The family.
        model_type: &'static str,
    },
    /// Nothing of a text is left beside the special tokens.
    #[error("max_length {max_length} leaves no room beside {special} special tokens; use at least {}", .special + 1)]
    NoRoom {
        /// Tokens kept of each text.
        max_length: usize,
        /// Special tokens around a pair.
        special: usize,
    },
}

/// Why a folder's tokenizer could not be loaded; every variant names the file.
#[derive(Debug, Error)]
pub enum TokenizerFileError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `tokenizer_config.json` is not as it should be.
    #[error(transparent)]
    Settings(#[from] JsonFileError),
    /// The file's tokenizer cannot serve the encoder.
    #[error("the tokenizer in `{}` cannot serve the encoder beside it", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TokenizerError,
    },
}

/// Why a text has no tokens; texts of a batch count from 0.
#[derive(Debug, Error)]
pub enum TokenizeError {
    /// The tokenizer refused the text.
    #[error("text {index} could not be tokenised")]
    Refused {
        /// Place of the text in the batch.
        index: usize,
        /// The tokenizer's reason.
        source: tokenizers::Error,
    },
    /// Not even special tokens came out.
    #[error("text {index}: the tokenizer gives no token")]
    NoToken {
        /// Place of the text in the batch.
        index: usize,
    },
    /// An id that the token table lacks.
    #[error("text {index}: token id {id} is outside the vocabulary of {vocabulary}")]
    TokenId {
        /// Place of the text in the batch.
        index: usize,
        /// The id.
        id: u32,
        /// Rows of the token table.
        vocabulary: usize,
    },
    /// A token type that the encoder lacks.
    #[error("text {index}: token type {id} is outside the {types} of the encoder")]
    TokenType {
        /// Place of the text in the batch.
        index: usize,
        /// The type.
        id: u32,
        /// Rows of the token type table.
        types: usize,
    },
}

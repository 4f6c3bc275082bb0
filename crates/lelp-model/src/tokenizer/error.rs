//! Why a tokenizer cannot serve an encoder, or a text has no tokens.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::checkpoint::JsonFileError;
use lelp_data::storage::FileError;

/// Why a tokenizer cannot serve the encoder beside it.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file is not a tokenizer.
    #[error("not a tokenizer")]
    Format(#[source] tokenizers::Error),
    /// The file contradicts itself, in a way that is only found by running it.
    #[error(
        "it contradicts itself, as a template that names a token it does not list; save the tokenizer again"
    )]
    Unsound,
    /// An added token cannot have the id that it is listed with.
    #[error(
        "the added token `{token}` is listed with id {wanted}, but comes as {found}; save the tokenizer again"
    )]
    AddedToken {
        /// The token.
        token: String,
        /// The id that it would have.
        found: u32,
        /// The id that it is listed with.
        wanted: u32,
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
    /// The tokenizer is there in another format alone.
    #[error(
        "`{}` holds its tokenizer as {file}, but it is read from tokenizer.json; write it with\n  {}",
        folder.display(),
        conversion(folder)
    )]
    OtherFormat {
        /// The folder.
        folder: PathBuf,
        /// The file that is there.
        file: &'static str,
    },
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

/// The command that writes `tokenizer.json` from the other files of `folder`.
fn conversion(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "python3 -c \"from transformers import AutoTokenizer as T; T.from_pretrained('{folder}').save_pretrained('{folder}')\""
    )
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
    /// The tokenizer broke down over the text.
    #[error("text {index}: the tokenizer broke down over it; its file contradicts itself")]
    Unsound {
        /// Place of the text in the batch.
        index: usize,
    },
    /// Not even special tokens came out.
    #[error("text {index}: the tokenizer gives no token")]
    NoToken {
        /// Place of the text in the batch.
        index: usize,
    },
    /// An id that the token table lacks.
    #[error(
        "text {index}: token `{token}` has id {id}, outside the vocabulary of {vocabulary}; is the tokenizer another model's?"
    )]
    TokenId {
        /// Place of the text in the batch.
        index: usize,
        /// The token.
        token: String,
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

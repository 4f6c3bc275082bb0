//! Texts to token ids, through the folder's own `tokenizer.json` or `vocab.txt`.

mod word_pieces;

use std::num::NonZeroUsize;
use std::path::Path;

use thiserror::Error;
use tokenizers::{EncodeInput, Encoding, TruncationParams};

use super::config::EncoderConfig;
use super::error::EncoderError;
use crate::classifier::AnswerError;
use lelp_data::Text;
use lelp_data::storage;

/// A whole tokenizer, of any kind.
pub(super) const WHOLE: &str = "tokenizer.json";
/// A list of word pieces, one a line.
pub(super) const VOCABULARY: &str = "vocab.txt";
/// Settings beside `vocab.txt`.
pub(super) const SETTINGS: &str = "tokenizer_config.json";

/// Bytes of a text that are read for each token that is kept. Tokens of real text take 4 or 5 bytes; the
/// margin keeps runs of rare long words, and a text of any length costs no more than this.
const BYTES_PER_TOKEN: usize = 64;

/// Why a tokenizer cannot serve the encoder beside it.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file is not a tokenizer.
    #[error("not a tokenizer: {reason}")]
    Format {
        /// The parser's reason.
        reason: String,
    },
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

/// One tokenised text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Rows of the token table.
    pub ids: Vec<u32>,
    /// Rows of the token type table, as many as ids; without meaning where the family reads none.
    pub types: Vec<u32>,
}

/// The folder's tokenizer, cut to the encoder's length.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocabulary: usize,
    /// Rows of the token type table; none where types are not read.
    token_types: Option<usize>,
    longest_text: usize,
    max_length: usize,
}

impl Tokenizer {
    /// Reads `tokenizer.json` of `folder`, or `vocab.txt` with `tokenizer_config.json` where there is no such file.
    ///
    /// At most `max_length` tokens of a text are kept, special ones included, and never more than the position
    /// table has room for; the file's own truncation and padding settings give way.
    ///
    /// # Errors
    /// [`EncoderError::Tokenizer`] names the file: no tokenizer, or one of another vocabulary than the config's.
    pub fn load(folder: &Path, config: &EncoderConfig, max_length: usize) -> Result<Self, EncoderError> {
        let (whole, vocabulary) = (folder.join(WHOLE), folder.join(VOCABULARY));
        let (path, inner) = if !whole.exists() && vocabulary.exists() {
            let inner = word_pieces::load(folder, config)?;
            (vocabulary, Ok(inner))
        } else {
            let inner = tokenizers::Tokenizer::from_bytes(&*storage::map(&whole)?);
            (whole, inner.map_err(|error| format(&error)))
        };
        inner
            .and_then(|inner| Self::new(inner, config, max_length))
            .map_err(|source| EncoderError::Tokenizer { path, source })
    }

    fn new(
        mut inner: tokenizers::Tokenizer,
        config: &EncoderConfig,
        max_length: usize,
    ) -> Result<Self, TokenizerError> {
        let vocabulary = config.vocabulary;
        let highest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        if highest as usize >= vocabulary {
            return Err(TokenizerError::Vocabulary { highest, vocabulary });
        }
        let special = inner
            .get_post_processor()
            .map_or(0, |processor| tokenizers::PostProcessor::added_tokens(processor, true));
        let max_length = max_length.min(config.longest());
        if max_length <= special {
            return Err(TokenizerError::NoRoom { max_length, special });
        }
        let truncation = TruncationParams { max_length, ..TruncationParams::default() };
        inner.with_truncation(Some(truncation)).map_err(|error| format(&error))?;
        inner.with_padding(None);
        Ok(Self {
            inner,
            vocabulary,
            token_types: config.reads_token_types().then_some(config.token_types),
            longest_text: max_length.saturating_mul(BYTES_PER_TOKEN),
            max_length,
        })
    }

    /// Tokens kept of each text, special ones included.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Tokens of every text, in order, on `threads` threads.
    ///
    /// # Errors
    /// [`AnswerError::Tokenize`] names the text that the tokenizer refused.
    pub fn encode(&self, texts: &[Text<'_>], threads: NonZeroUsize) -> Result<Vec<Tokens>, AnswerError> {
        let share = texts.len().div_ceil(threads.get()).max(1);
        let encode_share = &|(part, texts): (usize, &[Text<'_>])| -> Result<Vec<Tokens>, AnswerError> {
            let first = part * share;
            texts.iter().enumerate().map(|(place, text)| self.encode_one(first + place, text)).collect()
        };
        let shares = texts.chunks(share).enumerate();
        if shares.len() <= 1 {
            return shares.map(encode_share).next().unwrap_or_else(|| Ok(Vec::new()));
        }
        std::thread::scope(|scope| {
            let workers: Vec<_> = shares.map(|part| scope.spawn(move || encode_share(part))).collect();
            let mut all = Vec::with_capacity(texts.len());
            for worker in workers {
                all.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(all)
        })
    }

    fn encode_one(&self, index: usize, text: &Text<'_>) -> Result<Tokens, AnswerError> {
        let refuse = |reason: String| AnswerError::Tokenize { index, reason };
        let input: EncodeInput<'_> = match text.pair {
            None => self.beginning(text.text).into(),
            Some(pair) => (self.beginning(text.text), self.beginning(pair)).into(),
        };
        let encoding = self.inner.encode_fast(input, true).map_err(|error| refuse(error.to_string()))?;
        self.check(&encoding).map_err(refuse)?;
        Ok(Tokens { ids: encoding.get_ids().to_vec(), types: encoding.get_type_ids().to_vec() })
    }

    /// As much of `text` as can matter: a few megabytes in one text must not take seconds.
    fn beginning<'t>(&self, text: &'t str) -> &'t str {
        &text[..text.floor_char_boundary(self.longest_text)]
    }

    /// A `tokenizer.json` may add any id around a text, so ids are checked against the tables.
    fn check(&self, encoding: &Encoding) -> Result<(), String> {
        if encoding.is_empty() {
            return Err("it gives no token".to_owned());
        }
        if let Some(id) = encoding.get_ids().iter().find(|&&id| id as usize >= self.vocabulary) {
            return Err(format!("token id {id} is outside the vocabulary of {}", self.vocabulary));
        }
        if let Some(types) = self.token_types
            && let Some(id) = encoding.get_type_ids().iter().find(|&&id| id as usize >= types)
        {
            return Err(format!("token type {id} is outside the {types} of the encoder"));
        }
        Ok(())
    }
}

fn format(source: &tokenizers::Error) -> TokenizerError {
    TokenizerError::Format { reason: source.to_string() }
}

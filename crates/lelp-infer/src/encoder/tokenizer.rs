//! Texts to token ids, through the folder's own `tokenizer.json`.

use std::num::NonZeroUsize;

use thiserror::Error;
use tokenizers::{EncodeInput, Encoding, TruncationParams};

use crate::classifier::{AnswerError, Text};

/// Bytes of a text that are read for each token that is kept. Tokens of real text take 4 or 5 bytes; the
/// margin keeps runs of rare long words, and a text of any length costs no more than this.
const BYTES_PER_TOKEN: usize = 64;

/// Why a `tokenizer.json` cannot serve the encoder beside it.
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
    /// Nothing of a text is left beside the special tokens.
    #[error("max_length {max_length} leaves no room beside {special} special tokens; use at least {}", .special + 1)]
    NoRoom {
        /// Tokens kept of each text.
        max_length: usize,
        /// Special tokens around a pair.
        special: usize,
    },
}

/// One tokenised text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    pub(crate) types: Vec<u32>,
}

/// The folder's tokenizer, cut to the encoder's length.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocabulary: usize,
    /// Rows of the token type table; 0 where types are not used.
    token_types: usize,
    longest_text: usize,
}

impl Tokenizer {
    /// Reads `tokenizer.json`; its own truncation and padding settings give way to ours.
    pub(crate) fn parse(
        json: &[u8],
        vocabulary: usize,
        token_types: usize,
        max_length: usize,
    ) -> Result<Self, TokenizerError> {
        let format = |source: tokenizers::Error| TokenizerError::Format { reason: source.to_string() };
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(format)?;
        let highest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        if highest as usize >= vocabulary {
            return Err(TokenizerError::Vocabulary { highest, vocabulary });
        }
        let special = inner
            .get_post_processor()
            .map_or(0, |processor| tokenizers::PostProcessor::added_tokens(processor, true));
        if max_length <= special {
            return Err(TokenizerError::NoRoom { max_length, special });
        }
        let truncation = TruncationParams { max_length, ..TruncationParams::default() };
        inner.with_truncation(Some(truncation)).map_err(format)?;
        inner.with_padding(None);
        Ok(Self { inner, vocabulary, token_types, longest_text: max_length.saturating_mul(BYTES_PER_TOKEN) })
    }

    /// Tokens of every text, in order, on `threads` threads.
    pub(crate) fn encode(
        &self,
        texts: &[Text<'_>],
        threads: NonZeroUsize,
    ) -> Result<Vec<Tokens>, AnswerError> {
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
        let types = self.token_types;
        if let Some(id) = encoding.get_type_ids().iter().find(|&&id| types > 0 && id as usize >= types) {
            return Err(format!("token type {id} is outside the {types} of the encoder"));
        }
        Ok(())
    }
}

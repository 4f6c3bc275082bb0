//! Texts to token ids, through the folder's own `tokenizer.json` or `vocab.txt`.

mod error;
mod word_pieces;

use std::num::NonZeroUsize;
use std::path::Path;

use tokenizers::{EncodeInput, Encoding, TruncationParams};

use crate::checkpoint::{EncoderConfig, TOKENIZER, VOCABULARY};
use lelp_data::Text;
use lelp_data::storage;

pub use error::{TokenizeError, TokenizerError, TokenizerFileError};

/// Bytes of a text that are read for each token that is kept. Tokens of real text take 4 or 5 bytes; the
/// margin keeps runs of rare long words, and a text of any length costs no more than this.
const BYTES_PER_TOKEN: usize = 64;

/// One tokenised text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIds {
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
    /// [`TokenizerFileError`] names the file: no tokenizer, or one of another vocabulary than the config's.
    pub fn load(
        folder: &Path,
        config: &EncoderConfig,
        max_length: usize,
    ) -> Result<Self, TokenizerFileError> {
        let (complete, vocabulary) = (folder.join(TOKENIZER), folder.join(VOCABULARY));
        let (path, inner) = if !complete.exists() && vocabulary.exists() {
            let inner = word_pieces::load(folder, config)?;
            (vocabulary, Ok(inner))
        } else {
            let inner = tokenizers::Tokenizer::from_bytes(&*storage::map(&complete)?);
            (complete, inner.map_err(TokenizerError::Format))
        };
        inner
            .and_then(|inner| Self::new(inner, config, max_length))
            .map_err(|source| TokenizerFileError::Invalid { path, source })
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
        inner.with_truncation(Some(truncation)).map_err(TokenizerError::Format)?;
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
    /// [`TokenizeError`] names the text by its place in `texts`.
    pub fn encode(&self, texts: &[Text<'_>], threads: NonZeroUsize) -> Result<Vec<TokenIds>, TokenizeError> {
        let share = texts.len().div_ceil(threads.get()).max(1);
        let encode_share = &|(part, texts): (usize, &[Text<'_>])| -> Result<Vec<TokenIds>, TokenizeError> {
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

    fn encode_one(&self, index: usize, text: &Text<'_>) -> Result<TokenIds, TokenizeError> {
        let input: EncodeInput<'_> = match text.pair {
            None => self.beginning(text.text).into(),
            Some(pair) => (self.beginning(text.text), self.beginning(pair)).into(),
        };
        let encoding =
            self.inner.encode_fast(input, true).map_err(|source| TokenizeError::Refused { index, source })?;
        self.check(index, &encoding)?;
        Ok(TokenIds { ids: encoding.get_ids().to_vec(), types: encoding.get_type_ids().to_vec() })
    }

    /// As much of `text` as can matter: a few megabytes in one text must not take seconds.
    fn beginning<'t>(&self, text: &'t str) -> &'t str {
        &text[..text.floor_char_boundary(self.longest_text)]
    }

    /// A `tokenizer.json` may add any id around a text, so ids are checked against the tables.
    fn check(&self, index: usize, encoding: &Encoding) -> Result<(), TokenizeError> {
        if encoding.is_empty() {
            return Err(TokenizeError::NoToken { index });
        }
        let vocabulary = self.vocabulary;
        if let Some(&id) = encoding.get_ids().iter().find(|&&id| id as usize >= vocabulary) {
            return Err(TokenizeError::TokenId { index, id, vocabulary });
        }
        if let Some(types) = self.token_types
            && let Some(&id) = encoding.get_type_ids().iter().find(|&&id| id as usize >= types)
        {
            return Err(TokenizeError::TokenType { index, id, types });
        }
        Ok(())
    }
}

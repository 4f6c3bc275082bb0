//! Texts to token ids, through the folder's own `tokenizer.json` or `vocab.txt`.

mod added_tokens;
mod error;
mod panics;
mod pieces;
mod preparation;
mod settings;
mod word_pieces;

use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::{EncodeInput, Encoding, TruncationParams};

use crate::checkpoint::{ADDED_TOKENS, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_SETTINGS, VOCABULARY};
use crate::checkpoint::{EncoderConfig, read_optional_json};
use lelp_data::Text;
use lelp_data::storage;

pub use error::{TokenizeError, TokenizerError, TokenizerFileError};
pub(crate) use pieces::pieces_of;
pub use preparation::TextPreparation;
use settings::Settings;
pub(crate) use settings::model_max_length;

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
    preparation: TextPreparation,
}

/// Tokenizers that `tokenizer.json` can be written from, and `vocab.txt` where it is no list of word pieces.
const OTHER_FORMATS: [&str; 6] =
    ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model", "vocab.json", "bpe.codes"];

/// A `tokenizer.json`; a panic of the library that reads it is an error.
pub(crate) fn read(bytes: &[u8]) -> Result<tokenizers::Tokenizer, TokenizerError> {
    panics::catch(|| tokenizers::Tokenizer::from_bytes(bytes))
        .map_or(Err(TokenizerError::Unsound), |read| read.map_err(TokenizerError::Format))
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
        let other = OTHER_FORMATS.into_iter().find(|file| folder.join(file).is_file());
        if let Some(file) = other.filter(|_| !complete.exists()) {
            return Err(TokenizerFileError::OtherFormat { folder: folder.to_owned(), file });
        }
        let (path, inner) = if !complete.exists() && vocabulary.exists() {
            let inner = word_pieces::load(folder, config)?;
            (vocabulary, Ok(inner))
        } else {
            let settings = Settings::read(folder)?;
            let bytes = storage::map(&complete)?;
            let inner = read(&bytes);
            (complete, inner.and_then(|inner| settings.normalize_as_bert(inner)))
        };
        let invalid = |source| TokenizerFileError::Invalid { path: path.clone(), source };
        let mut inner = inner.map_err(invalid)?;
        added_tokens::add(folder, &mut inner)?;
        panics::catch(|| Self::new(inner, config, max_length))
            .unwrap_or(Err(TokenizerError::Unsound))
            .map_err(invalid)
    }

    fn new(
        mut inner: tokenizers::Tokenizer,
        config: &EncoderConfig,
        max_length: usize,
    ) -> Result<Self, TokenizerError> {
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
        // What stands around every text shows here whether it holds together.
        inner.encode_fast("", true).map_err(TokenizerError::Format)?;
        inner.encode_fast(("", ""), true).map_err(TokenizerError::Format)?;
        Ok(Self {
            inner,
            vocabulary: config.vocabulary,
            token_types: config.reads_token_types().then_some(config.token_types),
            longest_text: max_length.saturating_mul(BYTES_PER_TOKEN),
            max_length,
            preparation: TextPreparation::default(),
        })
    }

    /// Tokens that `tokenizer_config.json` of `folder` keeps of a text; none where it sets no bound.
    pub fn longest(folder: &Path) -> Result<Option<NonZeroUsize>, TokenizerFileError> {
        Ok(model_max_length(folder)?)
    }

    /// The token of an id, where there is one.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Tokens kept of each text, special ones included.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Prepares every text as `preparation` says before it is tokenised.
    #[must_use]
    pub(crate) fn prepared(self, preparation: TextPreparation) -> Self {
        Self { preparation, ..self }
    }

    /// What is done to every text before it is tokenised.
    #[must_use]
    pub fn preparation(&self) -> &TextPreparation {
        &self.preparation
    }

    /// This tokenizer as `tokenizer.json`: cut to [`max_length`](Self::max_length), without padding, every added token in it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = self.inner.to_string(true).expect("a tokenizer that was read can be written");
        text.push('\n');
        text.into_bytes()
    }

    /// Writes this tokenizer into the folder `to`, with the settings beside it in `from`, which it was loaded from.
    ///
    /// `tokenizer.json` is cut to [`max_length`](Self::max_length) and pads nothing, and `tokenizer_config.json` says the
    /// same length: other programs then read texts as this one does.
    pub fn save(&self, from: &Path, to: &Path) -> Result<(), TokenizerFileError> {
        for file in [VOCABULARY, ADDED_TOKENS, SPECIAL_TOKENS] {
            if from.join(file).is_file() {
                storage::copy(&from.join(file), &to.join(file))?;
            }
        }
        let settings: Option<Map<String, Value>> = read_optional_json(&from.join(TOKENIZER_SETTINGS))?;
        let mut settings = settings.unwrap_or_default();
        settings.insert("model_max_length".to_owned(), self.max_length.into());
        storage::write(&to.join(TOKENIZER_SETTINGS), &storage::pretty_json(&settings))?;
        Ok(storage::write(&to.join(TOKENIZER), &self.to_bytes())?)
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
        let first = self.preparation.apply(self.beginning(text.text));
        let input: EncodeInput<'_> = match text.pair {
            None => first.into(),
            Some(pair) => (first, self.preparation.apply_to_pair(self.beginning(pair))).into(),
        };
        let encoding = panics::catch(|| self.inner.encode_fast(input, true))
            .ok_or(TokenizeError::Unsound { index })?
            .map_err(|source| TokenizeError::Refused { index, source })?;
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
            let token = self.inner.id_to_token(id).unwrap_or_default();
            return Err(TokenizeError::TokenId { index, token, id, vocabulary });
        }
        if let Some(types) = self.token_types
            && let Some(&id) = encoding.get_type_ids().iter().find(|&&id| id as usize >= types)
        {
            return Err(TokenizeError::TokenType { index, id, types });
        }
        Ok(())
    }
}

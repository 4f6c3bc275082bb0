//! `tokenizer_config.json`: what `transformers` makes of the tokenizer beside it.

use std::num::NonZeroUsize;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::{NormalizerWrapper, Tokenizer};

use super::TokenizerError;
use crate::checkpoint::{JsonFileError, TOKENIZER_SETTINGS, read_optional_json};

/// Lengths from here on mean none: `transformers` writes 10^30.
const NO_LENGTH: f64 = 1e9;

/// `tokenizer_config.json`, with the defaults of `transformers`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Settings {
    tokenizer_class: Option<String>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) unk_token: Option<Value>,
    pub(super) cls_token: Option<Value>,
    pub(super) sep_token: Option<Value>,
    pub(super) pad_token: Option<Value>,
    pub(super) mask_token: Option<Value>,
    model_max_length: Option<f64>,
}

impl Settings {
    /// The settings in `folder`; the defaults where there are none.
    pub(super) fn read(folder: &Path) -> Result<Self, JsonFileError> {
        Ok(read_optional_json(&folder.join(TOKENIZER_SETTINGS))?.unwrap_or_default())
    }

    /// Sets the normaliser of BERT as these settings say: in its tokenizers, unlike in others, they win over
    /// `tokenizer.json`.
    pub(super) fn normalize_as_bert(&self, mut tokenizer: Tokenizer) -> Result<Tokenizer, TokenizerError> {
        let class = self.tokenizer_class.as_deref().unwrap_or("BertTokenizer");
        let classes = ["BertTokenizer", "DistilBertTokenizer", "MPNetTokenizer"];
        let Some(lower_case) =
            self.do_lower_case.filter(|_| classes.contains(&class.trim_end_matches("Fast")))
        else {
            return Ok(tokenizer);
        };
        let Some(NormalizerWrapper::BertNormalizer(own)) = tokenizer.get_normalizer() else {
            return Ok(tokenizer);
        };
        let mut normalizer = *own;
        normalizer.lowercase = lower_case;
        normalizer.strip_accents = self.strip_accents;
        normalizer.handle_chinese_chars = self.tokenize_chinese_chars.unwrap_or(true);
        tokenizer.with_normalizer(Some(normalizer)).map_err(TokenizerError::Format)?;
        Ok(tokenizer)
    }
}

/// Tokens that `tokenizer_config.json` of `folder` keeps of a text, special ones included; none where it sets no bound.
pub(crate) fn model_max_length(folder: &Path) -> Result<Option<NonZeroUsize>, JsonFileError> {
    let length = Settings::read(folder)?.model_max_length.filter(|length| (1.0..NO_LENGTH).contains(length));
    #[allow(clippy::cast_sign_loss)] // it is in a range of positive numbers
    Ok(length.and_then(|length| NonZeroUsize::new(length as usize)))
}

/// A token is its text, or an object that holds it.
pub(super) fn content(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

//! Tokens that were added to a vocabulary after it was made, as `transformers` finds them beside the tokenizer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use super::error::{TokenizerError, TokenizerFileError};
use super::settings::content;
use crate::checkpoint::{ADDED_TOKENS, SPECIAL_TOKENS, TOKENIZER_SETTINGS, read_optional_json};

/// What `tokenizer_config.json` and `special_tokens_map.json` say about added tokens.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    added_tokens_decoder: Option<BTreeMap<u32, TokenSettings>>,
    #[serde(default)]
    additional_special_tokens: Value,
}

#[allow(clippy::struct_excessive_bools, reason = "as the file has it")]
#[derive(Debug, Deserialize)]
struct TokenSettings {
    content: String,
    #[serde(default)]
    special: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    single_word: bool,
    normalized: Option<bool>,
}

impl TokenSettings {
    fn token(&self) -> AddedToken {
        AddedToken::from(self.content.clone(), self.special)
            .lstrip(self.lstrip)
            .rstrip(self.rstrip)
            .single_word(self.single_word)
            .normalized(self.normalized.unwrap_or(!self.special))
    }
}

/// Adds the tokens that the files of `folder` list to `tokenizer`.
///
/// # Errors
/// [`TokenizerError::AddedToken`] where a token would get another id than its file says.
pub(super) fn add(folder: &Path, tokenizer: &mut Tokenizer) -> Result<(), TokenizerFileError> {
    let settings: Settings = read_optional_json(&folder.join(TOKENIZER_SETTINGS))?.unwrap_or_default();
    let (path, tokens) = match settings.added_tokens_decoder {
        Some(listed) => {
            let tokens = listed.iter().map(|(&id, token)| (id, token.token())).collect();
            (folder.join(TOKENIZER_SETTINGS), tokens)
        }
        None => (folder.join(ADDED_TOKENS), listed_apart(folder, &settings.additional_special_tokens)?),
    };
    add_all(tokenizer, &tokens).map_err(|source| TokenizerFileError::Invalid { path, source })
}

/// The tokens of `added_tokens.json`; `special` lists those of them that are special, as `special_tokens_map.json` does.
fn listed_apart(folder: &Path, special: &Value) -> Result<BTreeMap<u32, AddedToken>, TokenizerFileError> {
    let ids: BTreeMap<String, u32> = read_optional_json(&folder.join(ADDED_TOKENS))?.unwrap_or_default();
    let map: Settings = read_optional_json(&folder.join(SPECIAL_TOKENS))?.unwrap_or_default();
    let lists = [special, &map.additional_special_tokens].into_iter().filter_map(Value::as_array);
    let special: BTreeSet<&str> = lists.flatten().filter_map(content).collect();
    let token = |(text, id): (String, u32)| {
        let special = special.contains(text.as_str());
        (id, AddedToken::from(text, special))
    };
    Ok(ids.into_iter().map(token).collect())
}

fn add_all(tokenizer: &mut Tokenizer, tokens: &BTreeMap<u32, AddedToken>) -> Result<(), TokenizerError> {
    for (&wanted, token) in tokens {
        tokenizer.add_tokens([token.clone()]).map_err(TokenizerError::Format)?;
        let found = tokenizer.token_to_id(&token.content);
        if found != Some(wanted) {
            let (token, found) = (token.content.clone(), found.unwrap_or_default());
            return Err(TokenizerError::AddedToken { token, found, wanted });
        }
    }
    Ok(())
}

//! What sentence-transformers does to a text before it is tokenised.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{JsonFileError, PROMPTS, SENTENCE_SETTINGS, read_optional_json};

/// Bytes of a prompt at most: it is tokenised with every text.
const LONGEST_PROMPT: usize = 1 << 14;

/// What sentence-transformers does to a text before it is tokenised; by default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TextPreparation {
    /// Stands before every text.
    pub prompt: String,
    /// Whether the text is set in lower case.
    pub lower_case: bool,
}

/// `config_sentence_transformers.json`.
#[derive(Debug, Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    prompts: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    default_prompt_name: Option<String>,
}

/// `sentence_bert_config.json`.
#[derive(Debug, Default, Deserialize)]
struct SentenceConfig {
    #[serde(default)]
    do_lower_case: Option<bool>,
}

impl TextPreparation {
    /// Reads the files in `folder`, where there are some: a prompt stands before texts where one is the default.
    pub(crate) fn read(folder: &Path) -> Result<Self, JsonFileError> {
        let sentence: SentenceConfig =
            read_optional_json(&folder.join(SENTENCE_SETTINGS))?.unwrap_or_default();
        let path = folder.join(PROMPTS);
        let prompts: Prompts = read_optional_json(&path)?.unwrap_or_default();
        let prompt = prompts.default_prompt_name.and_then(|name| prompts.prompts?.remove(&name)?);
        let prompt = prompt.unwrap_or_default();
        if prompt.len() > LONGEST_PROMPT {
            return Err(JsonFileError::LongPrompt { path, bytes: prompt.len(), most: LONGEST_PROMPT });
        }
        Ok(Self { prompt, lower_case: sentence.do_lower_case.unwrap_or(false) })
    }

    /// The text as it is tokenised.
    pub(super) fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = self.with_case(text);
        if self.prompt.is_empty() {
            text
        } else {
            Cow::Owned(self.with_case(&self.prompt).into_owned() + &text)
        }
    }

    /// The second text of a pair, which has no prompt.
    pub(super) fn apply_to_pair<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.with_case(text)
    }

    fn with_case<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.lower_case { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
    }
}

//! Pooling, normalisation and length of an encoder, from the small files of sentence-transformers, where present.

use std::num::NonZeroUsize;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::EncoderError;
use crate::checkpoint::{SENTENCE_SETTINGS, read_optional_json};
use crate::pooling::Pooling;
use crate::tokenizer::{TokenizerFileError, model_max_length};
use lelp_data::storage;

/// Classes of `modules.json` that are computed, by the last part of their names. Dropout changes nothing outside training.
const MODULES: [&str; 4] = ["Transformer", "Pooling", "Normalize", "Dropout"];

/// How the folder wants to be used; where it does not say: mean pooling, no normalisation, no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FolderDefaults {
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
    pub(crate) max_length: Option<usize>,
}

/// `sentence_bert_config.json`.
#[derive(Debug, Deserialize)]
struct SentenceConfig {
    #[serde(default)]
    max_seq_length: Option<usize>,
}

/// One entry of `modules.json`.
#[derive(Debug, Deserialize)]
struct Module {
    #[serde(default)]
    path: String,
    r#type: String,
}

/// `1_Pooling/config.json`: `pooling_mode`, or in its older form a flag `pooling_mode_..` for each mode.
type PoolingConfig = Map<String, Value>;

impl FolderDefaults {
    /// Reads the files that are there; with a pooling that is `chosen`, what they say about others does not count.
    pub(crate) fn read(folder: &Path, chosen: Option<Pooling>) -> Result<Self, EncoderError> {
        let sentence: Option<SentenceConfig> = read_optional_json(&folder.join(SENTENCE_SETTINGS))?;
        let path = folder.join("modules.json");
        let modules: Vec<Module> = read_optional_json(&path)?.unwrap_or_default();
        // A class of the same name by somebody else computes something else.
        let computed = |module: &&Module| {
            let name = module.r#type.strip_prefix("sentence_transformers.");
            name.and_then(|name| name.rsplit('.').next()).is_some_and(|name| MODULES.contains(&name))
        };
        if let (None, Some(module)) = (chosen, modules.iter().find(|module| !computed(module))) {
            return Err(EncoderError::Module { path, module: module.r#type.clone() });
        }
        let of_kind = |kind: &str| modules.iter().find(|module| module.r#type.ends_with(kind));
        if let Some(inner) = of_kind(".Transformer").filter(|module| !module.path.is_empty()) {
            return Err(EncoderError::InnerFolder { path, inner: inner.path.clone() });
        }
        // The path comes from a file: only a plain name may be followed.
        let named = of_kind(".Pooling").map(|module| module.path.as_str());
        let inside = named.filter(|path| storage::is_plain_name(path));
        let config = folder.join(inside.unwrap_or("1_Pooling")).join("config.json");
        if let (None, Some(pooling)) = (chosen, named)
            && (inside.is_none() || !config.is_file())
        {
            return Err(EncoderError::PoolingMissing { path, pooling: pooling.to_owned() });
        }
        let path = config;
        let pooling = match (chosen, read_optional_json::<PoolingConfig>(&path)?) {
            (Some(chosen), _) => chosen,
            (None, None) => Pooling::Mean,
            (None, Some(config)) => {
                pooling(&config).map_err(|pooling| EncoderError::Pooling { path: path.clone(), pooling })?
            }
        };
        let max_length = match sentence.and_then(|sentence| sentence.max_seq_length) {
            Some(length) => Some(length),
            None => model_max_length(folder).map_err(TokenizerFileError::from)?.map(NonZeroUsize::get),
        };
        Ok(Self { pooling, normalize: of_kind(".Normalize").is_some(), max_length })
    }
}

/// The one pooling that is on, or the name of what we don't have.
fn pooling(config: &PoolingConfig) -> Result<Pooling, String> {
    let flags = config.iter().filter(|(_, value)| value.as_bool() == Some(true));
    let on: Vec<&str> = flags.filter_map(|(key, _)| key.strip_prefix("pooling_mode_")).collect();
    let name = config.get("pooling_mode").and_then(Value::as_str).map_or(on.join("+"), str::to_owned);
    match name.as_str() {
        "mean" | "mean_tokens" | "" => Ok(Pooling::Mean),
        "cls" | "cls_token" => Ok(Pooling::Cls),
        "max" | "max_tokens" => Ok(Pooling::Max),
        _ => Err(name),
    }
}

//! Which files make an encoder, asked for one after another, and what a folder must hold of them.

use std::fs;
use std::path::Path;

use lelp_data::storage;
use safetensors::SafeTensors;
use serde::Deserialize;

use super::error::{AttemptError, IncompleteModelError};

/// The config, which every model has.
pub(crate) const CONFIG: &str = "config.json";
/// A tokenizer of any kind.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// Word pieces, where there is no `tokenizer.json`.
const VOCABULARY: &str = "vocab.txt";
/// Weights in one file.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// Where the weights of a checkpoint in several files are.
const INDEX: &str = "model.safetensors.index.json";
/// Settings that not every model has.
const OPTIONAL: [&str; 6] = [
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
];
/// Where sentence-transformers keeps its pooling, unless `modules.json` says otherwise.
const POOLING: &str = "1_Pooling";

/// Asks `get` for every file of a model, which puts it into `folder` and says whether there was one.
pub(crate) fn gather(
    folder: &Path,
    get: &mut dyn FnMut(&str) -> Result<bool, AttemptError>,
) -> Result<(), AttemptError> {
    let missing = |file: &str| Err(AttemptError::NoFile { file: file.to_owned() });
    if !get(CONFIG)? {
        return missing(CONFIG);
    }
    for file in OPTIONAL {
        get(file)?;
    }
    get(&format!("{}/config.json", pooling_folder(folder)?))?;
    if !get(TOKENIZER)? && !get(VOCABULARY)? {
        return missing(TOKENIZER);
    }
    if get(WEIGHTS)? {
        return Ok(());
    }
    if !get(INDEX)? {
        return Err(AttemptError::NoWeights);
    }
    for shard in shards(folder)? {
        if !get(&shard)? {
            return missing(&shard);
        }
    }
    Ok(())
}

/// The folder of the pooling that `modules.json` names, by a plain name alone.
fn pooling_folder(folder: &Path) -> Result<String, AttemptError> {
    #[derive(Deserialize)]
    struct Module {
        #[serde(default)]
        path: String,
        r#type: String,
    }
    let path = folder.join("modules.json");
    if !path.exists() {
        return Ok(POOLING.to_owned());
    }
    // A file that is something else is told when the model is loaded.
    let modules: Vec<Module> = serde_json::from_slice(&storage::map(&path)?).unwrap_or_default();
    let pooling = modules.into_iter().find(|module| module.r#type.ends_with(".Pooling"));
    let named = pooling.map(|module| module.path).filter(|path| storage::is_plain_name(path));
    Ok(named.unwrap_or_else(|| POOLING.to_owned()))
}

/// Names of the files that the index in `folder` names, each once; plain names alone.
fn shards(folder: &Path) -> Result<Vec<String>, IncompleteModelError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(&storage::map(&folder.join(INDEX))?)
        .map_err(|source| IncompleteModelError::Index { file: INDEX, source })?;
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort_unstable();
    names.dedup();
    match names.iter().find(|name| !storage::is_plain_name(name)) {
        Some(name) => Err(IncompleteModelError::Outside { file: INDEX, name: name.clone() }),
        None => Ok(names),
    }
}

/// Checks that `folder` holds a complete model, without reading weights: every file is there and not empty, and the
/// headers of the weights agree with their lengths.
pub(crate) fn check_complete(folder: &Path) -> Result<(), IncompleteModelError> {
    let has = |file: &str| fs::metadata(folder.join(file)).is_ok_and(|metadata| metadata.len() > 0);
    let missing = |file: &str| IncompleteModelError::Missing { file: file.to_owned() };
    if !has(CONFIG) {
        return Err(missing(CONFIG));
    }
    if !has(TOKENIZER) && !has(VOCABULARY) {
        return Err(missing(TOKENIZER));
    }
    let one = || vec![WEIGHTS.to_owned()];
    let weights = if !has(WEIGHTS) && has(INDEX) { shards(folder)? } else { one() };
    for file in weights {
        if !has(&file) {
            return Err(missing(&file));
        }
        let bytes = storage::map(&folder.join(&file))?;
        SafeTensors::read_metadata(&bytes)
            .map_err(|source| IncompleteModelError::Weights { file, source })?;
    }
    Ok(())
}

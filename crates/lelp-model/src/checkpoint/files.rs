//! The files of a checkpoint: their names, their hashes, and the small JSON files beside the weights.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::weights::{self, WeightsError};
use lelp_data::storage::{self, FileError};

/// A tokenizer of any kind, complete in one file.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// A list of word pieces, one a line.
pub(crate) const VOCABULARY: &str = "vocab.txt";
/// Settings beside `vocab.txt`.
pub(crate) const TOKENIZER_SETTINGS: &str = "tokenizer_config.json";

/// Tokens and their ids, in checkpoints that keep them apart from `tokenizer_config.json`.
pub(crate) const ADDED_TOKENS: &str = "added_tokens.json";
/// Which of the tokens are special, beside that.
pub(crate) const SPECIAL_TOKENS: &str = "special_tokens_map.json";
/// Prompts of sentence-transformers.
pub(crate) const PROMPTS: &str = "config_sentence_transformers.json";
/// Length and letters' case of sentence-transformers.
pub(crate) const SENTENCE_SETTINGS: &str = "sentence_bert_config.json";

/// Why a small JSON file beside the weights could not be read.
#[derive(Debug, Error)]
pub enum JsonFileError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A prompt that is longer than texts are.
    #[error("`{}` sets a prompt of {bytes} bytes before every text; use {most} or fewer", path.display())]
    LongPrompt {
        /// The file.
        path: PathBuf,
        /// Bytes of the prompt.
        bytes: usize,
        /// The most that are taken.
        most: usize,
    },
    /// The file holds something else.
    #[error("`{}` is not as sentence-transformers or transformers write it", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: serde_json::Error,
    },
}

/// The file's content; none where there is no such file.
pub(crate) fn read_optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, JsonFileError> {
    match storage::map(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| JsonFileError::Json { path: path.to_owned(), source }),
        Err(FileError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether `config.json` of `folder` is that of an encoder, known or not: it has a `model_type`.
pub(crate) fn names_an_encoder(folder: &Path) -> bool {
    let Ok(json) = storage::map(&folder.join("config.json")) else { return false };
    serde_json::from_slice::<serde_json::Map<_, _>>(&json)
        .is_ok_and(|fields| fields.contains_key("model_type"))
}

/// SHA-256 of the weights in `folder`: of the one file, or of the hashes of several, one a line in the index's order.
pub fn weights_hash(folder: &Path) -> Result<String, WeightsError> {
    let digest = |name: &String| -> Result<String, WeightsError> {
        Ok(storage::sha256(&storage::map(&folder.join(name))?))
    };
    let names = weights::file_names(folder)?;
    if let [only] = names.as_slice() {
        return digest(only);
    }
    let digests = names.iter().map(digest).collect::<Result<Vec<_>, _>>()?;
    Ok(storage::sha256(digests.join("\n").as_bytes()))
}

/// SHA-256 over the names and hashes of the files `names` of `folder`.
pub(crate) fn files_hash(folder: &Path, names: &[String]) -> Result<String, FileError> {
    let mut all = String::new();
    for name in names {
        let digest = storage::sha256(&storage::map(&folder.join(name))?);
        all.extend([digest.as_str(), "  ", name, "\n"]);
    }
    Ok(storage::sha256(all.as_bytes()))
}

/// SHA-256 over the names and hashes of the files of the encoder in `folder`.
pub fn encoder_hash(folder: &Path) -> Result<String, WeightsError> {
    Ok(files_hash(folder, &file_names(folder)?)?)
}

/// Names of the files of an encoder in `folder`: config, weights, tokenizer, and what prepares texts for it.
pub(crate) fn file_names(folder: &Path) -> Result<Vec<String>, WeightsError> {
    let mut names = vec!["config.json".to_owned()];
    names.extend(weights::file_names(folder)?);
    let tokenizer = [TOKENIZER, VOCABULARY, TOKENIZER_SETTINGS, ADDED_TOKENS, SPECIAL_TOKENS];
    let others = tokenizer.into_iter().chain([PROMPTS, SENTENCE_SETTINGS]);
    names.extend(others.filter(|name| folder.join(name).exists()).map(str::to_owned));
    Ok(names)
}

/// Copies the files of a frozen encoder but its tokenizer: config, weights, and what prepares texts for it.
pub(crate) fn copy_network(from: &Path, to: &Path) -> Result<(), WeightsError> {
    let mut names = vec!["config.json".to_owned()];
    names.extend(weights::file_names(from)?);
    let optional = [PROMPTS, SENTENCE_SETTINGS].into_iter().filter(|name| from.join(name).exists());
    for name in names.into_iter().chain(optional.map(str::to_owned)) {
        storage::copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

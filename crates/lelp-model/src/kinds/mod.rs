//! Kinds of models, one folder each: what is on disk, how it is loaded, how it answers.

pub mod encoder_classifier;
pub mod mlp;
pub mod ngram;
pub mod static_embeddings;
pub mod tfidf;

use std::path::Path;

use lelp_data::storage;
use serde::Deserialize;

use crate::model_kind::ModelKind;

/// Every kind of model that can be loaded; the first that recognises a folder loads it. Those that `config.json` names
/// stand first: a model that was written over a teacher on a frozen encoder leaves that teacher's other files there.
pub static MODEL_KINDS: &[ModelKind] = &[
    ngram::KIND,
    static_embeddings::KIND,
    mlp::KIND,
    tfidf::KIND,
    encoder_classifier::FROZEN_ENCODER,
    encoder_classifier::SEQUENCE_CLASSIFIER,
];

/// Whether `config.json` of `folder` has `kind` as its `model`: it is a student of ours of this kind, sound or not.
pub(crate) fn config_names(folder: &Path, kind: &str) -> bool {
    #[derive(Deserialize)]
    struct Config {
        model: String,
    }
    let Ok(json) = storage::map(&folder.join("config.json")) else { return false };
    serde_json::from_slice::<Config>(&json).is_ok_and(|config| config.model == kind)
}

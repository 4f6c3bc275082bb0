//! The n-gram student: hashed words, word bigrams and character n-grams over a mean-pooled table.
//!
//! ```text
//! text -> tokens -> feature buckets -> mean of table rows -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```
//!
//! [`Tokens`] and [`FeatureSettings::extract`] document tokenisation and hashing so that another
//! language can reimplement them; training and prediction share them.

mod config;
mod features;
mod file;
mod model;
mod table;
mod tokens;

use std::path::Path;

use crate::registry::{ModelFolderError, ModelKind};

pub use config::{NgramConfig, NgramConfigError, TablePrecision};
pub use features::{CharacterNgrams, FeatureScratch, FeatureSettings, FeatureSettingsError};
pub use file::NgramFileError;
pub use model::{NgramModel, NgramModelError, Scratch};
pub use table::{Table, TableError};
pub use tokens::{Tokens, hash_token};

/// The n-gram student.
pub(crate) const KIND: ModelKind = ModelKind {
    name: "ngram",
    summary: "hashed words, word pairs and character n-grams over a mean-pooled table",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "ngram"),
    load: |folder, _| Ok(Box::new(NgramModel::load(folder).map_err(ModelFolderError::unsound)?)),
};

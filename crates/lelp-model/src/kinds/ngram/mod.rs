//! The n-gram student: hashed words, runs of words and character n-grams over a mean-pooled table, and beside or in
//! place of a text, hashed categories and binned numbers.
//!
//! ```text
//! row -> tokens -> feature buckets -> mean of table rows -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```
//!
//! [`Tokens`], [`FeatureSettings::extract`] and [`RowFeatures`] document tokenisation and hashing so that another
//! language can reimplement them; training and prediction share them.

mod character_ngrams;
mod columns;
mod config;
mod feature_table;
mod features;
mod file;
mod kept_rows;
mod model;
mod tokens;
mod word_break;

use std::path::Path;

use crate::export::ExportSource;
use crate::model_kind::{ModelFolderError, ModelKind};

pub use character_ngrams::CharacterNgrams;
pub use columns::{NgramColumn, NgramColumnsError, RowFeatures};
pub use config::{NgramConfig, NgramConfigError, TablePrecision};
pub use feature_table::{FeatureTable, FeatureTableError};
pub use features::{FeatureScratch, FeatureSettings, FeatureSettingsError};
pub use file::NgramFileError;
pub use model::{NgramModel, NgramModelError, NgramScratch};

pub use tokens::{Tokens, hash_token};
pub(crate) use word_break::WORD_BREAK;

/// The n-gram student.
pub const KIND: ModelKind = ModelKind {
    name: "ngram",
    summary: "hashed words, runs of words and character n-grams over a mean-pooled table",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "ngram"),
    load: |folder, _| Ok(Box::new(NgramModel::load(folder).map_err(ModelFolderError::unsound)?)),
    export: |folder| Ok(ExportSource::Ngram(NgramModel::load(folder).map_err(ModelFolderError::unsound)?)),
};

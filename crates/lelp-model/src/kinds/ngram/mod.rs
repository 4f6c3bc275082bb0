//! The n-gram student as a model: its folder, and the rows of tables that it reads. What it is, and how it answers from
//! features, is in [`lelp_core::ngram`].

mod columns;
mod file;
mod model;

use std::path::Path;

use crate::export::source::ExportSource;
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::ModelKind;

pub use columns::RowFeatures;
pub use file::NgramFileError;
pub use lelp_core::ngram::{
    CharacterNgrams, FeatureScratch, FeatureSettings, FeatureSettingsError, FeatureTable, FeatureTableError,
    NgramBytesError, NgramColumn, NgramColumnsError, NgramConfig, NgramConfigError, NgramModelError,
    NgramScratch, TablePrecision, Tokens, WORD_BREAK, hash_token,
};
pub use model::NgramModel;

/// The n-gram student.
pub const KIND: ModelKind = ModelKind {
    name: "ngram",
    summary: "hashed words, runs of words and character n-grams over a mean-pooled table",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "ngram"),
    load: |folder, _| Ok(Box::new(NgramModel::load(folder).map_err(ModelFolderError::unsound)?)),
    export: |folder| {
        Ok(ExportSource::Ngram(Box::new(NgramModel::load(folder).map_err(ModelFolderError::unsound)?)))
    },
};

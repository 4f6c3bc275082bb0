//! Logistic regression on tf-idf weighted words and word pairs: the baseline that most users would fit first.
//!
//! ```text
//! row -> terms -> counts x idf, scaled to length 1 -> one layer -> class logits
//! ```

mod file;
mod model;
mod terms;
mod vocabulary;

use std::path::Path;

use crate::export::source::ExportSource;
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::ModelKind;

pub use file::TfidfFileError;
pub use model::{TfidfModel, TfidfModelError, TfidfScratch};
pub use terms::{TermCounts, TermScratch};
pub use vocabulary::Vocabulary;

/// Logistic regression on tf-idf.
pub(crate) const KIND: ModelKind = ModelKind {
    name: "tfidf",
    summary: "logistic regression on tf-idf weighted words and word pairs",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "tfidf"),
    load: |folder, _| Ok(Box::new(TfidfModel::load(folder).map_err(ModelFolderError::unsound)?)),
    export: |folder| Ok(ExportSource::Tfidf(TfidfModel::load(folder).map_err(ModelFolderError::unsound)?)),
};

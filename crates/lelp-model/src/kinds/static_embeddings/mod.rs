//! The static student as a model, and folders that static embeddings may begin as. What it is, and how it answers, is in
//! [`lelp_core::static_embeddings`].

mod model;
mod model2vec;

use std::path::Path;

use crate::export::source::ExportSource;
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::ModelKind;

pub use lelp_core::static_embeddings::{
    Piece, PieceVocabulary, PieceVocabularyError, StaticBytesError, StaticConfig, StaticEmbeddings,
    StaticEmbeddingsError, StaticModelError, StaticStudent,
};
pub use model::{StaticFileError, StaticModel};
pub use model2vec::{Model2Vec, Model2VecError};

/// The static student.
pub const KIND: ModelKind = ModelKind {
    name: "static",
    summary: "mean-pooled vectors of word pieces that begin as an encoder's",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "static"),
    export: |folder| Ok(ExportSource::Static(StaticModel::load(folder).map_err(ModelFolderError::unsound)?)),
    load: |folder, _| Ok(Box::new(StaticModel::load(folder).map_err(ModelFolderError::unsound)?)),
};

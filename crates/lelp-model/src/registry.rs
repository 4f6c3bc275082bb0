//! Every kind of model, and the one door through which any model's folder is loaded.

use std::num::NonZeroUsize;
use std::path::Path;

use crate::kinds::{encoder_classifier, mlp, ngram};
use crate::model_kind::{LoadedModel, ModelFolderError, ModelKind};

/// Every kind of model that can be loaded; the first that recognises a folder loads it.
pub static MODEL_KINDS: [ModelKind; 4] =
    [encoder_classifier::FROZEN_ENCODER, encoder_classifier::SEQUENCE_CLASSIFIER, ngram::KIND, mlp::KIND];

/// Loads the model in `folder`, of whatever kind.
///
/// # Errors
/// [`ModelFolderError`] names the folder or file; a folder that no kind recognises is refused.
pub fn load_model(folder: &Path, threads: NonZeroUsize) -> Result<LoadedModel, ModelFolderError> {
    if !folder.is_dir() {
        return Err(ModelFolderError::NoFolder(folder.to_owned()));
    }
    let kind = MODEL_KINDS.iter().find(|kind| (kind.recognises)(folder));
    let kind = kind.ok_or_else(|| {
        let known = MODEL_KINDS.iter().map(|kind| kind.name).collect();
        ModelFolderError::UnknownKind { folder: folder.to_owned(), known }
    })?;
    (kind.load)(folder, threads)
}

//! The one door through which any model's folder is loaded.

use std::num::NonZeroUsize;
use std::path::Path;

use crate::kinds::MODEL_KINDS;
use crate::model_kind::{LoadedModel, ModelFolderError};

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

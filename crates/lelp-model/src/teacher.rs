//! A model as a teacher.

use std::path::Path;

use crate::model_folder_error::ModelFolderError;
use crate::predictor::{Predictor, Teacher};

/// `model`, loaded from `folder`, as a teacher.
///
/// # Errors
/// [`ModelFolderError::NoTeacher`] for a model that has no embeddings to give.
pub fn teacher_of<'a>(model: &'a dyn Predictor, folder: &Path) -> Result<&'a dyn Teacher, ModelFolderError> {
    let none = || ModelFolderError::NoTeacher { folder: folder.to_owned(), kind: model.kind() };
    model.teacher().ok_or_else(none)
}

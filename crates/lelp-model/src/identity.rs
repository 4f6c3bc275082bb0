//! The files that a model answers from: their size, and what tells it from others.

use std::fs;
use std::path::Path;

use lelp_data::storage::FileError;
use lelp_data::{files_below, folder_hash_of};

use crate::model_folder_error::ModelFolderError;
use crate::predictor::Predictor;

/// In a student's folder: when it hands a text on to its teacher.
pub(crate) const CASCADE_FILE: &str = "cascade.json";

/// What stands beside a model, and decides none of its answers.
const BESIDE: [&str; 8] = [
    "run.json",
    "metrics.jsonl",
    "lelp.safetensors",
    "columns.json",
    "checkpoint.safetensors",
    crate::calibration::FILE,
    CASCADE_FILE,
    "shrink.json",
];

fn is_of_the_model(name: &str) -> bool {
    !name.starts_with('.') && !BESIDE.contains(&name)
}

/// Hash of the model in `folder`: of a [teacher](crate::Teacher) the one that its signals carry, of others that of their
/// files. What stands beside a model is left out: with another calibration it answers the same classes.
///
/// # Errors
/// [`ModelFolderError`] if its files can no longer be read.
pub fn model_hash(model: &dyn Predictor, folder: &Path) -> Result<String, ModelFolderError> {
    match model.teacher() {
        Some(teacher) => teacher.hash(),
        None => folder_hash_of(folder, is_of_the_model).map_err(ModelFolderError::unsound),
    }
}

/// Bytes of the files that the model in `folder` answers from: what a deployment carries.
///
/// # Errors
/// [`FileError::Read`] names the file or folder that cannot be read.
pub fn model_bytes(folder: &Path) -> Result<u64, FileError> {
    let size = |path: std::path::PathBuf| match fs::metadata(&path) {
        Ok(file) => Ok(file.len()),
        Err(source) => Err(FileError::Read { path, source }),
    };
    files_below(folder, is_of_the_model)?.into_iter().map(|(_, path)| size(path)).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn records_beside_a_model_weigh_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("encoder")).unwrap();
        for (name, bytes) in [("config.json", 3), ("encoder/model.safetensors", 40), ("run.json", 500)] {
            fs::write(folder.path().join(name), vec![b' '; bytes]).unwrap();
        }
        assert_eq!(model_bytes(folder.path()).unwrap(), 43);
        assert!(model_bytes(&folder.path().join("none")).is_err());
    }
}

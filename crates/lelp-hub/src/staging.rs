//! A folder that appears complete or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

use super::error::{AttemptError, IncompleteModelError};
use super::{REQUIRED, WEIGHTS};
use lelp_data::storage::{self, FileError};

/// A temporary folder beside the final one; removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Staging {
    temporary: PathBuf,
    model: PathBuf,
    target: PathBuf,
}

impl Staging {
    /// Makes an empty temporary folder beside `target`.
    pub(crate) fn new(target: &Path) -> Result<Self, AttemptError> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let model = temporary.join("model");
        let staging = Self { temporary, model, target: target.to_owned() };
        // A folder of that name can only be the rest of an earlier process with our id.
        let _ = fs::remove_dir_all(&staging.temporary);
        storage::create_folder(&staging.model)?;
        Ok(staging)
    }

    /// The folder that becomes the model.
    pub(crate) fn folder(&self) -> &Path {
        &self.model
    }

    /// A folder for what is needed on the way only.
    pub(crate) fn scratch(&self) -> Result<PathBuf, AttemptError> {
        let scratch = self.temporary.join("scratch");
        storage::create_folder(&scratch)?;
        Ok(scratch)
    }

    /// Puts the finished folder in its place.
    pub(crate) fn keep(self) -> Result<(), AttemptError> {
        match fs::rename(&self.model, &self.target) {
            Ok(()) => Ok(()),
            // Another process was faster: its folder is as good as ours.
            Err(_) if check_complete(&self.target).is_ok() => Ok(()),
            Err(source) => Err(FileError::Write { path: self.target.clone(), source }.into()),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed is a hidden folder that nothing reads.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

/// Checks that `folder` holds a complete model, without reading weights: every file is there and not empty, and the
/// header of the weights agrees with their length.
pub(crate) fn check_complete(folder: &Path) -> Result<(), IncompleteModelError> {
    for file in REQUIRED {
        let length = fs::metadata(folder.join(file)).map(|metadata| metadata.len());
        if length.unwrap_or(0) == 0 {
            return Err(IncompleteModelError::Missing { file });
        }
    }
    let weights = storage::map(&folder.join(WEIGHTS))?;
    SafeTensors::deserialize(&weights)
        .map(|_| ())
        .map_err(|source| IncompleteModelError::Weights { file: WEIGHTS, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_kept_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let staging = Staging::new(&cache.path().join("org--name")).unwrap();
        fs::write(staging.folder().join("config.json"), "{}").unwrap();
        staging.scratch().unwrap();
        drop(staging);
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_kept_folder_is_all_that_stays() {
        let cache = tempfile::tempdir().unwrap();
        let target = cache.path().join("org--name");
        let staging = Staging::new(&target).unwrap();
        fs::write(staging.folder().join("config.json"), "{}").unwrap();
        staging.keep().unwrap();
        assert_eq!(fs::read(target.join("config.json")).unwrap(), b"{}");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }
}

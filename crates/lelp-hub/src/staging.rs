//! A folder that appears complete or not at all.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::AttemptError;
use super::files::check_complete;
use lelp_data::storage::{self, FileError};

/// A temporary folder beside the final one; removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Staging {
    temporary: TempDir,
    model: PathBuf,
    target: PathBuf,
}

impl Staging {
    /// Makes an empty temporary folder beside `target`.
    pub(crate) fn new(target: &Path) -> Result<Self, AttemptError> {
        let temporary = storage::temporary_folder(target)?;
        let model = temporary.path().join("model");
        storage::create_folder(&model)?;
        Ok(Self { temporary, model, target: target.to_owned() })
    }

    /// The folder that becomes the model.
    pub(crate) fn folder(&self) -> &Path {
        &self.model
    }

    /// A folder for what is needed on the way only.
    pub(crate) fn scratch(&self) -> Result<PathBuf, AttemptError> {
        let scratch = self.temporary.path().join("scratch");
        storage::create_folder(&scratch)?;
        Ok(scratch)
    }

    /// Puts the finished folder in its place.
    pub(crate) fn keep(self) -> Result<(), AttemptError> {
        match storage::rename(&self.model, &self.target) {
            Ok(()) => Ok(()),
            // Another process was faster: its folder is as good as ours.
            Err(_) if check_complete(&self.target).is_ok() => Ok(()),
            Err(source) => Err(FileError::Write { path: self.target.clone(), source }.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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

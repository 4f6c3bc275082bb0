//! Which files belong together: their hashes, in the file that makes a folder what it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FileError, file_hash, is_plain_name, known_hashes};
use crate::folder_hash::files_below;

/// SHA-256 of files of a folder, by their names from there, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileHashes(BTreeMap<String, String>);

impl FileHashes {
    /// Of every file of `folder` and of the folders in it. What is called by a leading dot is left out.
    pub fn of(folder: &Path) -> Result<Self, FileError> {
        let files = files_below(folder, |name| !name.starts_with('.'))?;
        let hashed = |(name, path): (String, std::path::PathBuf)| Ok((name, file_hash(&path)?));
        files.into_iter().map(hashed).collect::<Result<_, _>>().map(Self)
    }

    /// Whether no file is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file of this name is among them.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Number of files.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Notes the hash of a file.
    pub(crate) fn insert(&mut self, name: &str, hash: String) {
        self.0.insert(name.to_owned(), hash);
    }

    /// The hash of `path`, where it is the file of its name among these.
    pub(crate) fn hash_of_same(&self, path: &Path) -> Option<String> {
        let recorded = self.0.get(path.file_name()?.to_str()?)?;
        known_hashes::hash_of(path).ok().filter(|found| found == recorded)
    }

    /// Refuses `folder` where a file of these is missing, or is another one by now.
    pub fn check(&self, folder: &Path) -> Result<(), FileError> {
        self.0.keys().try_for_each(|name| self.check_file(folder, name))
    }

    /// Refuses the file `name` of `folder` where it is not the one of these.
    pub(crate) fn check_file(&self, folder: &Path, name: &str) -> Result<(), FileError> {
        let path = folder.join(name);
        let recorded = self.0.get(name).cloned();
        // A name from elsewhere that leads out of the folder names no file of it.
        let found =
            if name.split('/').all(is_plain_name) { known_hashes::hash_of(&path)? } else { String::new() };
        match recorded {
            Some(recorded) if recorded == found => Ok(()),
            recorded => Err(FileError::Changed { path, found, recorded: recorded.unwrap_or_default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::sha256;
    use super::*;

    #[test]
    fn a_file_that_was_changed_or_is_missing_is_named() {
        let work = tempfile::tempdir().unwrap();
        fs::create_dir(work.path().join("encoder")).unwrap();
        for (name, content) in
            [("config.json", "{}"), ("encoder/vocab.txt", "a"), ("empty", ""), (".lock", "1")]
        {
            fs::write(work.path().join(name), content).unwrap();
        }
        let hashes = FileHashes::of(work.path()).unwrap();
        let names: Vec<&str> = hashes.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["config.json", "empty", "encoder/vocab.txt"]);
        hashes.check(work.path()).unwrap();
        fs::write(work.path().join("encoder/vocab.txt"), "b").unwrap();
        let changed = hashes.check(work.path()).unwrap_err();
        assert!(matches!(&changed, FileError::Changed { path, .. } if path.ends_with("encoder/vocab.txt")));
        fs::remove_file(work.path().join("encoder/vocab.txt")).unwrap();
        assert!(matches!(hashes.check(work.path()), Err(FileError::Read { .. })));
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let work = tempfile::tempdir().unwrap();
        fs::create_dir(work.path().join("model")).unwrap();
        fs::write(work.path().join("secret"), "x").unwrap();
        let hashes = FileHashes(BTreeMap::from([("../secret".to_owned(), sha256(b"x"))]));
        assert!(matches!(hashes.check(&work.path().join("model")), Err(FileError::Changed { .. })));
    }
}

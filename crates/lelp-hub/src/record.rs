//! What was pulled, beside it: where from, and the hash of every file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lelp_data::files_below;
use lelp_data::storage::{self, FileError};
use serde::{Deserialize, Serialize};

use super::error::IncompleteModelError;

/// The file in a pulled model's folder.
const RECORD: &str = "pulled.json";

/// Content of `pulled.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PullRecord {
    /// The model, with the revision that was asked for.
    pub(crate) model: String,
    /// The commit on the hub that it was, where that is known.
    pub(crate) commit: Option<String>,
    /// SHA-256 of every file, by its path in the folder.
    pub(crate) files: BTreeMap<String, String>,
}

impl PullRecord {
    /// The record of all files in `folder`.
    pub(crate) fn of(model: &str, commit: Option<String>, folder: &Path) -> Result<Self, FileError> {
        let hashed = |(name, path): (String, PathBuf)| Ok((name, storage::sha256(&storage::map(&path)?)));
        let files =
            files_below(folder, |_| true)?.into_iter().map(hashed).collect::<Result<_, FileError>>()?;
        Ok(Self { model: model.to_owned(), commit, files })
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), FileError> {
        storage::write(&folder.join(RECORD), &storage::pretty_json(self))
    }

    /// Checks that every file of `folder` is as it came; a folder without a record was filled by hand.
    pub(crate) fn check(folder: &Path) -> Result<(), IncompleteModelError> {
        let path = folder.join(RECORD);
        if !path.exists() {
            return Ok(());
        }
        let record: Self = serde_json::from_slice(&storage::map(&path)?)
            .map_err(|source| IncompleteModelError::Index { file: RECORD, source })?;
        for (file, hash) in record.files {
            let inside = file.split('/').all(storage::is_plain_name);
            let found =
                if inside { storage::sha256(&storage::map(&folder.join(&file))?) } else { String::new() };
            if found != hash {
                return Err(IncompleteModelError::Changed { file });
            }
        }
        Ok(())
    }
}

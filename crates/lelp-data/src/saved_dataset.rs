//! Folders as `Dataset.save_to_disk` of the Python library `datasets` leaves them.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use crate::bounded_json::read_json_if_there;
use crate::error::DataError;

/// The file that says which of the others are the data set's.
const STATE: &str = "state.json";

#[derive(Deserialize)]
struct State {
    #[serde(rename = "_data_files", default)]
    files: Vec<StateFile>,
}

#[derive(Deserialize)]
struct StateFile {
    filename: String,
}

/// Names of the data set's own files, in order, where `folder` is one of `datasets`.
///
/// Beside them can stand `cache-....arrow`: rows of other data sets that were made of this one.
///
/// # Errors
/// [`DataError::State`] if the list cannot be read or leaves the folder, [`DataError::MissingPart`] if a file of it is not
/// there, [`DataError::ListedTwice`] if it is there twice.
pub(crate) fn files(folder: &Path) -> Result<Option<Vec<String>>, DataError> {
    let path = folder.join(STATE);
    let state: Option<State> = match read_json_if_there(&path) {
        Ok(state) => state,
        Err(source) => return Err(DataError::State { source: Box::new(source) }),
    };
    // A data set without rows, and a `state.json` of another program, name no files.
    let Some(state) = state.filter(|state| !state.files.is_empty()) else { return Ok(None) };
    let names: Vec<String> = state.files.into_iter().map(|file| file.filename).collect();
    let mut seen = HashSet::new();
    if let Some(part) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(DataError::ListedTwice { folder: folder.to_owned(), list: STATE, part: part.clone() });
    }
    let is_inside = |name: &String| Path::new(name).file_name() == Some(name.as_ref());
    match names.iter().find(|name| !is_inside(name) || !folder.join(name).is_file()) {
        Some(part) => {
            Err(DataError::MissingPart { folder: folder.to_owned(), list: STATE, part: part.clone() })
        }
        None => Ok(Some(names)),
    }
}

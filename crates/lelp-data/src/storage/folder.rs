//! Folders that appear whole: written beside their place, which they then take in one step.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::faults::{self, Change};
use super::output::{remove_quietly, rename};
use super::{FileError, create_folder, temporary_folder};

/// Files and folders that models of any kind are made of: what is left of an older one in the same place goes with it.
const OURS: [&str; 21] = [
    "config.json",
    "model.safetensors",
    "run.json",
    "metrics.jsonl",
    "lelp.json",
    "lelp.safetensors",
    "columns.json",
    "teacher.json",
    "head.safetensors",
    "checkpoint.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "encoder",
    // What was fitted to the model: it means nothing beside another one.
    "calibration.json",
    "cascade.json",
    "shrink.json",
];

/// What folders of one kind are made of.
pub(crate) struct FolderKind {
    /// Whether a file or folder of this name is part of one.
    pub(crate) is_ours: fn(&str) -> bool,
    /// What says that there is one; written last, and taken away first, where a folder cannot be replaced at once.
    pub(crate) markers: &'static [&'static str],
}

const MODEL: FolderKind = FolderKind { is_ours: is_of_a_model, markers: &["teacher.json", "config.json"] };

/// Writes the folder `path` through `fill`, which gets an empty folder in its place.
///
/// When `fill` fails or the process ends, `path` is as it was. At the end the new folder takes the place of the old in one
/// step, files of an older model included. Only where the old one holds something else too, or the file system cannot
/// exchange two folders, are files moved one by one: the marker of the old model goes first and that of the new comes last.
pub fn write_folder<T, E: From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = temporary_folder(path)?;
    let new = temporary.path().join("new");
    create_folder(&new)?;
    let value = fill(&new)?;
    replace_folder(&new, path, &MODEL)?;
    Ok(value)
}

/// Puts the folder `new`, beside `path` or below a folder there, in the place of `path`, as [`write_folder`] does.
pub(crate) fn replace_folder(new: &Path, path: &Path, kind: &FolderKind) -> Result<(), FileError> {
    place(new, path, kind).map_err(|source| FileError::Write { path: path.to_owned(), source })
}

fn place(new: &Path, path: &Path, kind: &FolderKind) -> std::io::Result<()> {
    if !path.exists() {
        return rename(new, path);
    }
    let is_ours = |name: &OsString| name == super::lock::LOCK || name.to_str().is_some_and(kind.is_ours);
    let only_ours = entries(path)?.iter().all(is_ours);
    let somebody_is_here = std::env::current_dir().is_ok_and(|here| here.starts_with(path));
    if only_ours && !somebody_is_here {
        use std::io::ErrorKind::{InvalidInput, Unsupported};
        match exchange(new, path) {
            // The file system cannot; any other failure, such as a full disk, would be one of the files too.
            Err(error) if matches!(error.kind(), InvalidInput | Unsupported) => {}
            // The old folder goes with the temporary one that it is in now.
            exchanged => return exchanged,
        }
    }
    for marker in kind.markers {
        remove_quietly(&path.join(marker))?;
    }
    for name in entries(path)?.iter().filter(|name| is_ours(name)) {
        remove_quietly(&path.join(name))?;
    }
    let mut names = entries(new)?;
    names.sort_by_key(|name| {
        kind.markers.iter().position(|marker| name == marker).map_or(0, |place| place + 1)
    });
    names.iter().try_for_each(|name| rename(&new.join(name), &path.join(name)))
}

fn is_of_a_model(name: &str) -> bool {
    name.starts_with("model-") || name == "model.safetensors.index.json" || OURS.contains(&name)
}

fn entries(folder: &Path) -> std::io::Result<Vec<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Exchanges two folders in one step.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(left: &Path, right: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    faults::check(Change::Rename, right)?;
    Ok(renameat_with(CWD, left, CWD, right, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_left: &Path, _right: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::write;

    fn fill(folder: &Path, files: &[(&str, &str)]) -> Result<(), FileError> {
        files.iter().try_for_each(|(name, content)| write(&folder.join(name), content.as_bytes()))
    }

    fn content(folder: &Path) -> Vec<(String, String)> {
        let names = entries(folder).unwrap().into_iter().map(|name| name.into_string().unwrap());
        let mut files: Vec<_> =
            names.map(|name| (name.clone(), fs::read_to_string(folder.join(name)).unwrap())).collect();
        files.sort();
        files
    }

    fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|&(name, content)| (name.to_owned(), content.to_owned())).collect()
    }

    #[test]
    fn a_folder_is_new_or_old_and_nothing_stays_beside_it() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("model");
        let old = [("config.json", "old"), ("lelp.safetensors", "old")];
        write_folder(&path, |folder| fill(folder, &old)).unwrap();
        assert_eq!(content(&path), owned(&old));
        let failed: Result<(), FileError> = write_folder(&path, |folder| {
            fill(folder, &[("config.json", "half")])?;
            Err(FileError::Write { path: folder.to_owned(), source: std::io::Error::other("disk full") })
        });
        assert!(failed.is_err());
        assert_eq!(content(&path), owned(&old));
        let new = [("config.json", "new"), ("run.json", "new")];
        write_folder(&path, |folder| fill(folder, &new)).unwrap();
        assert_eq!(content(&path), owned(&new));
        assert_eq!(entries(work.path()).unwrap(), ["model"]);
    }

    #[test]
    fn what_is_not_of_a_model_stays() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("model");
        fs::create_dir(&path).unwrap();
        fill(&path, &[("notes.txt", "mine"), ("config.json", "old"), ("lelp.json", "old")]).unwrap();
        write_folder(&path, |folder| fill(folder, &[("config.json", "new")])).unwrap();
        assert_eq!(content(&path), owned(&[("config.json", "new"), ("notes.txt", "mine")]));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_one() {
        let work = tempfile::tempdir().unwrap();
        let (path, link) = (work.path().join("model"), work.path().join("link"));
        fs::create_dir(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_folder(&link, |folder| fill(folder, &[("config.json", "new")])).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(content(&path), owned(&[("config.json", "new")]));
    }
}

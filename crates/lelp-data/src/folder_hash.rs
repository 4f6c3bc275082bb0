//! One hash for all files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::storage::{FileError, file_hash, hex};

/// SHA-256 over every file of `folder` and of the folders in it, names and bytes, in hexadecimal: another folder with the
/// same files has the same hash. What is called by a leading dot is left out.
///
/// # Errors
/// [`FileError::Read`] names the file or folder that cannot be read.
pub fn folder_hash(folder: &Path) -> Result<String, FileError> {
    folder_hash_of(folder, |name| !name.starts_with('.'))
}

/// As [`folder_hash`], over the files and folders whose own name is `wanted`.
///
/// # Errors
/// As [`folder_hash`].
pub fn folder_hash_of(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<String, FileError> {
    let mut hash = Sha256::new_with_prefix(b"lelp folder 2\n");
    for (name, path) in files_below(folder, wanted)? {
        let content = file_hash(&path)?;
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(content);
    }
    Ok(hex(&hash.finalize()))
}

/// Every file of `folder` and of the folders in it, in order: its name from there, with `/` between folders whatever the
/// system has, and its path. Files and folders whose own name is not `wanted` are left out.
///
/// # Errors
/// [`FileError::Read`] names the folder that cannot be read.
pub fn files_below(
    folder: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(String, PathBuf)>, FileError> {
    let mut files = Vec::new();
    collect(folder, "", &wanted, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn collect(
    folder: &Path,
    above: &str,
    wanted: &impl Fn(&str) -> bool,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), FileError> {
    let read = |source| FileError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !wanted(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{above}{name}/"), wanted, files)?;
        } else {
            files.push((format!("{above}{name}"), path));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_of_every_file_count_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("config.json", "{}");
        write("1_Pooling/config.json", "");
        let first = folder_hash(folder.path()).unwrap();
        write(".cache", "by a leading dot");
        assert_eq!(folder_hash(folder.path()).unwrap(), first);
        write("1_Pooling/config.json", "cls");
        let second = folder_hash(folder.path()).unwrap();
        assert_ne!(second, first);
        fs::rename(folder.path().join("config.json"), folder.path().join("other.json")).unwrap();
        assert!(![first, second].contains(&folder_hash(folder.path()).unwrap()));
        assert!(folder_hash(&folder.path().join("none")).is_err());
    }
}

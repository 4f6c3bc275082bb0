//! Files: mapped for reading, written whole or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use lelp::{Classified, ErrorKind};
use memmap2::Mmap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a file could not be read or written; every variant names the file.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file could not be opened or mapped.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file could not be written; nothing is left of it.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl Classified for FileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } => kind_of_read(source),
            Self::Write { .. } => ErrorKind::Environment,
        }
    }
}

/// Who has to act on a file that cannot be read: whoever named it, where there is none or it is closed to us.
pub(crate) fn kind_of_read(error: &std::io::Error) -> ErrorKind {
    use std::io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound | Io::PermissionDenied | Io::IsADirectory | Io::NotADirectory => ErrorKind::Input,
        _ => ErrorKind::Environment,
    }
}

/// The bytes of a file, mapped into memory.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

/// Maps `path` for reading.
pub fn map(path: &Path) -> Result<MappedFile, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    // SAFETY: the map is read-only, and our own writers replace files by renaming, never in place, so
    // the bytes stay as they were mapped. A foreign program that truncates the file while it is mapped
    // can end this process with SIGBUS; that is the accepted price of loading without a copy.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(&file) }.map_err(read)?;
    Ok(MappedFile { map })
}

/// Creates a folder and those above it, where they are missing.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::Write { path: path.to_owned(), source })
}

/// Writes `path` through `fill`: into a temporary file beside it, synced, then renamed.
///
/// When `fill` or the disk fails, the temporary file is removed and an older `path` stays as it was.
pub fn write_with<F>(path: &Path, fill: F) -> Result<(), FileError>
where
    F: FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
{
    let temporary = temporary_name(path);
    let written = File::create(&temporary).and_then(|file| {
        let mut writer = BufWriter::new(file);
        fill(&mut writer)?;
        writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|source| {
        // The first error is the one to report; a temporary file that stays behind is harmless.
        let _ = fs::remove_file(&temporary);
        FileError::Write { path: path.to_owned(), source }
    })
}

/// Writes `bytes` to `path`, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_with(path, |writer| writer.write_all(bytes))
}

/// `value` as the content of a JSON file that people read too: indented, with a line's end behind it.
///
/// # Panics
/// If `value` is no JSON, as a map whose keys are no words.
#[must_use]
pub fn pretty_json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("settings and records are numbers, words and lists");
    bytes.push(b'\n');
    bytes
}

/// Puts the file `from` also at `to`: as a hard link where the file system can, else as a copy.
///
/// Our writers never change a file in place, so that the two names never see each other's changes.
pub fn link_or_copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let temporary = temporary_name(to);
    let linked = fs::hard_link(from, &temporary).is_ok();
    if !linked {
        let source = map(from)?;
        return write(to, &source);
    }
    fs::rename(&temporary, to).map_err(|source| FileError::Write { path: to.to_owned(), source })?;
    // Renaming one name of a file onto another name of the same file does nothing and leaves both.
    let _ = fs::remove_file(&temporary);
    Ok(())
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `digest` in lower-case hexadecimal.
#[must_use]
pub fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Whether `name` names a file in the same folder, whatever it came from.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', ':', '\0']) && name != "." && name != ".."
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write(&path, b"old").unwrap();
        let failed = write_with(&path, |writer| {
            writer.write_all(b"half")?;
            Err(std::io::Error::other("disk full"))
        });
        assert!(matches!(failed, Err(FileError::Write { .. })));
        assert_eq!(&*map(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_linked_file_keeps_its_bytes_when_the_first_name_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        write(&first, b"one").unwrap();
        link_or_copy(&first, &second).unwrap();
        link_or_copy(&first, &second).unwrap();
        write(&first, b"two").unwrap();
        assert_eq!(&*map(&second).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = map(Path::new("no/such/file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such/file`");
    }
}

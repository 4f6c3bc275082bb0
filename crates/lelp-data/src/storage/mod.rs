//! Files: mapped for reading, written whole or not at all.

mod cache_entry;
mod faults;
mod file_hashes;
mod folder;
mod known_hashes;
mod lock;
mod output;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lelp::{Classified, ErrorKind};
use memmap2::Mmap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, TempPath};
use thiserror::Error;

use self::faults::Change;
use self::output::write_error;
use crate::git_lfs;

pub use cache_entry::{remove_cache_entry, use_cache_entry};
pub use file_hashes::FileHashes;
pub use folder::write_folder;
pub(crate) use folder::{FolderKind, replace_folder};
pub use lock::{FolderLock, LockError};
pub use output::{OutputFile, create_folder, remove, rename};

/// End of temporary names.
const SUFFIX: &str = ".tmp";
/// Random letters in temporary names.
const RANDOM: usize = 12;
/// A temporary file that nobody has written to for this long is of a run that was killed.
const DEAD: Duration = Duration::from_hours(24);

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
    /// The file is not the one that its folder was written with.
    #[error(
        "`{}` is not the file that this folder was written with (SHA-256 {}, recorded {})",
        path.display(), short_hash(found), short_hash(recorded)
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
        /// The one that the folder's own record has; empty where it has none.
        recorded: String,
    },
    /// What Git LFS leaves where large files were not fetched.
    #[error("`{}` is a pointer of Git LFS: fetch the file itself with `git lfs pull`", path.display())]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// Something else stands where a file is to be written, and would be lost.
    #[error("`{}` is {found}, not a file, and is not replaced", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
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

/// The beginning of a hash, as people compare it.
#[must_use]
pub fn short_hash(hash: &str) -> String {
    if hash.is_empty() { "none".to_owned() } else { hash.chars().take(12).collect() }
}

impl Classified for FileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } => kind_of_read(source),
            Self::Changed { .. } | Self::LfsPointer { .. } | Self::NotAFile { .. } => ErrorKind::Input,
            Self::Write { .. } => ErrorKind::Environment,
        }
    }
}

/// Who has to act on a file that cannot be read: whoever named it, where there is none or it is closed to us.
pub(crate) fn kind_of_read(error: &std::io::Error) -> ErrorKind {
    use std::io::ErrorKind as Io;
    match error.kind() {
        // The last two: a packed file that is damaged, cut off or a bomb.
        Io::NotFound
        | Io::PermissionDenied
        | Io::IsADirectory
        | Io::NotADirectory
        | Io::InvalidData
        | Io::UnexpectedEof => ErrorKind::Input,
        _ => ErrorKind::Environment,
    }
}

/// The bytes of a file, mapped into memory.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

/// Maps `path` for reading.
///
/// # Errors
/// [`FileError::Read`], or [`FileError::LfsPointer`] if the file itself is not there.
pub fn map(path: &Path) -> Result<MappedFile, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    // SAFETY: the map is read-only, and our own writers replace files by renaming, never in place, so
    // the bytes stay as they were mapped. A foreign program that truncates the file while it is mapped
    // can end this process with SIGBUS; that is the accepted price of loading without a copy.
    #[allow(unsafe_code)]
    let map = unsafe { Mmap::map(&file) }.map_err(read)?;
    if git_lfs::is_pointer(&map) {
        return Err(FileError::LfsPointer { path: path.to_owned() });
    }
    Ok(MappedFile { map })
}

/// Writes `path` through `fill`: into a temporary file beside it, synced, then renamed.
///
/// When `fill` or the disk fails, the temporary file is removed and an older `path` stays as it was; so does what is no
/// regular file, such as a folder or a device.
pub fn write_with<F>(path: &Path, fill: F) -> Result<(), FileError>
where
    F: FnOnce(&mut BufWriter<OutputFile>) -> std::io::Result<()>,
{
    check_replaceable(path)?;
    remove_leftovers(path);
    let (file, temporary) = temporary_file(path).map_err(|source| write_error(path, source))?;
    let mut writer = BufWriter::new(file);
    let filled = fill(&mut writer);
    let written = filled.and_then(|()| {
        writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync()?;
        faults::check(Change::Rename, path)?;
        temporary.persist(path).map_err(|error| error.error)
    });
    written.map_err(|source| write_error(path, source))
}

/// Refuses a path where something else than a file stands, be it behind a link: renaming would replace a device too.
pub(crate) fn check_replaceable(path: &Path) -> Result<(), FileError> {
    let kind = fs::metadata(path).ok().map(|there| there.file_type()).filter(|kind| !kind.is_file());
    let Some(kind) = kind else { return Ok(()) };
    let found = if kind.is_dir() { "a folder" } else { "a device, a pipe or a socket" };
    Err(FileError::NotAFile { path: path.to_owned(), found })
}

/// An empty file beside `path`, of a random name, made anew: never through a link that stands there already.
fn temporary_file(path: &Path) -> std::io::Result<(OutputFile, TempPath)> {
    faults::check(Change::Create, path)?;
    let (file, temporary) = builder(&temporary_prefix(path)).tempfile_in(parent(path))?.into_parts();
    Ok((OutputFile::new(file, path), temporary))
}

/// A new file in `folder` whose name begins with `prefix`; no other has it.
pub fn create_unique(folder: &Path, prefix: &str) -> Result<OutputFile, FileError> {
    create_folder(folder)?;
    let create = || {
        faults::check(Change::Create, folder)?;
        Ok(builder(prefix.as_ref()).suffix("").tempfile_in(folder)?.keep()?)
    };
    let (file, path) = create().map_err(|source| write_error(folder, source))?;
    Ok(OutputFile::new(file, &path))
}

fn builder(prefix: &OsStr) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(SUFFIX).rand_bytes(RANDOM);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less what the user's mask takes
    builder
}

/// An empty folder beside `path`, of a random name, that is removed when it is dropped.
pub fn temporary_folder(path: &Path) -> Result<TempDir, FileError> {
    let parent = parent(path);
    create_folder(parent)?;
    remove_leftovers(path);
    let prefix = temporary_prefix(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM);
    let made = faults::check(Change::Create, path).and_then(|()| builder.tempdir_in(parent));
    made.map_err(|source| write_error(path, source))
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

/// Copies the file `from` to `to`, whole or not at all.
///
/// Never by a hard link: other programs write in place, and a file has to stay as it is when its copy is changed.
pub fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let mut source = File::open(from).map_err(|source| FileError::Read { path: from.to_owned(), source })?;
    write_with(to, |writer| writer.get_mut().copy_from(&mut source).map(|_| ()))
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of the file.
pub(crate) fn file_hash(path: &Path) -> Result<String, FileError> {
    // An empty file cannot be mapped everywhere.
    let empty = fs::metadata(path).is_ok_and(|file| file.len() == 0);
    Ok(if empty { sha256(&[]) } else { sha256(&map(path)?) })
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

/// The folder that `path` is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the temporary names beside `path` begin with.
fn temporary_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Removes what runs that were killed have left beside `path`.
fn remove_leftovers(path: &Path) {
    let Ok(entries) = fs::read_dir(parent(path)) else { return };
    let prefix = temporary_prefix(path);
    let is_ours = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        let random = name
            .strip_prefix(prefix.as_encoded_bytes())
            .and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
        random.is_some_and(|random| random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric))
    };
    for entry in entries.filter_map(Result::ok).filter(|entry| is_ours(&entry.file_name())) {
        let Ok(metadata) = entry.metadata() else { continue };
        let old = metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > DEAD);
        if old {
            // Where it cannot be removed it is as harmless as before.
            let _ = output::remove_quietly(&entry.path());
        }
    }
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

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, link, inner] = ["pipe", "link", "inner"].map(|name| folder.path().join(name));
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        fs::create_dir(&inner).unwrap();
        for (path, found) in [(&pipe, "a pipe"), (&link, "a pipe"), (&inner, "is a folder")] {
            let before = fs::symlink_metadata(path).unwrap().file_type();
            for refused in [write(path, b"x"), OutputFile::append(path).map(|_| ())] {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Input);
                assert!(error.to_string().contains(found), "{error}");
            }
            assert_eq!(fs::symlink_metadata(path).unwrap().file_type(), before);
        }
    }

    #[test]
    fn a_copied_file_keeps_its_bytes_when_the_first_is_written_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        write(&first, b"one").unwrap();
        copy(&first, &second).unwrap();
        copy(&first, &second).unwrap();
        fs::write(&first, b"two").unwrap();
        assert_eq!(&*map(&second).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = map(Path::new("no/such/file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such/file`");
    }
}

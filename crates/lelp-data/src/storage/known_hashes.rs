//! Hashes that this process has computed: a folder of signals is opened several times in a run, and read whole each time.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use super::{FileError, file_hash};

/// What another file of the same name has otherwise: size, time of the last write and, where the system tells, the file's
/// number and the time of its last change, which no program sets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    written: SystemTime,
    #[cfg(unix)]
    file: (u64, u64, i64, i64),
}

/// A file that was written this short ago may be written again with the same stamp: clocks of file systems are coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// Hashes by the canonical path of the file.
type Known = Mutex<HashMap<PathBuf, (Stamp, String)>>;

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(Mutex::default)
}

/// SHA-256 of the file; computed once in this process while nothing says that it has changed.
pub(super) fn hash_of(path: &Path) -> Result<String, FileError> {
    hash_after(path, SETTLED)
}

/// As [`hash_of`], of files that were not written for `settled`.
fn hash_after(path: &Path, settled: Duration) -> Result<String, FileError> {
    // A relative path means another file once the current folder is another.
    let place = fs::canonicalize(path).ok();
    let before = place.as_ref().and_then(|place| Stamp::of(&fs::metadata(place).ok()?));
    let (Some(place), Some(before)) = (place, before) else { return file_hash(path) };
    let entry = known().lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
    if let Some((stamp, hash)) = entry
        && stamp == before
    {
        return Ok(hash);
    }
    let hash = file_hash(&place)?;
    let after = fs::metadata(&place).ok().and_then(|metadata| Stamp::of(&metadata));
    if after.as_ref() == Some(&before) && before.age().is_some_and(|age| age >= settled) {
        known().lock().unwrap_or_else(PoisonError::into_inner).insert(place, (before, hash.clone()));
    }
    Ok(hash)
}

impl Stamp {
    /// Time since the last write or change; none where a clock goes wrong.
    fn age(&self) -> Option<Duration> {
        #[cfg(unix)]
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.file.2).ok()?);
        #[cfg(not(unix))]
        let changed = self.written;
        SystemTime::now().duration_since(changed.max(self.written)).ok()
    }

    fn of(metadata: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            bytes: metadata.len(),
            written: metadata.modified().ok()?,
            #[cfg(unix)]
            file: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::sha256;
    use super::*;

    fn write_long_ago(path: &Path, content: &str) {
        fs::write(path, content).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }

    #[test]
    fn a_file_that_was_changed_is_hashed_again_though_size_and_time_are_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let hash = |path: &Path| hash_after(path, Duration::ZERO);
        let is_known = |path: &Path| known().lock().unwrap().contains_key(&fs::canonicalize(path).unwrap());
        write_long_ago(&path, "one");
        assert_eq!(hash_of(&path).unwrap(), sha256(b"one"));
        assert!(!is_known(&path), "it was changed just now");
        assert_eq!(hash(&path).unwrap(), sha256(b"one"));
        assert!(is_known(&path));
        assert_eq!(hash(&path).unwrap(), sha256(b"one"));
        // The clock of the file system has moved on: the time of the change differs.
        std::thread::sleep(Duration::from_millis(30));
        write_long_ago(&path, "two");
        #[cfg(unix)]
        assert_eq!(hash(&path).unwrap(), sha256(b"two"));
        // One of the same stamp in another place.
        let other = folder.path().join("other");
        write_long_ago(&other, "six");
        fs::rename(&other, &path).unwrap();
        #[cfg(unix)]
        assert_eq!(hash(&path).unwrap(), sha256(b"six"));
        fs::remove_file(&path).unwrap();
        assert!(hash(&path).is_err());
    }
}

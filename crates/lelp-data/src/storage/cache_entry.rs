//! Entries of a cache that several processes read and write: which are in use, which were used last, and how one goes.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::faults::{self, Change};
use super::output::never_through_links;
use super::{FileError, FolderLock, LockError, remove, rename, temporary_folder};

/// In the folder of an entry: locked, and shared, by whoever reads it; its time is that of the last use.
const USED: &str = ".lelp.used";

/// Entries that this process uses until it ends.
static IN_USE: Mutex<Vec<(PathBuf, File)>> = Mutex::new(Vec::new());

/// Notes that the entry `path` is used now, and by this process until it ends: nobody else removes a folder meanwhile. A file
/// is read at once, and may go. Where that cannot be noted, as on a read-only disk, nothing is.
pub fn use_cache_entry(path: &Path) {
    if path.is_dir() {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = in_use
            .iter()
            .position(|(own, file)| own == path && super::lock::is_there(file, &path.join(USED)));
        if let Some(known) = known {
            let _ = in_use[known].1.set_modified(SystemTime::now());
        } else if let Some(file) = open_used(path).filter(|file| file.try_lock_shared().is_ok()) {
            let _ = file.set_modified(SystemTime::now());
            in_use.push((path.to_owned(), file));
        }
    } else if faults::check(Change::Write, path).is_ok() {
        let opened = never_through_links(File::options().append(true)).open(path);
        let _ = opened.and_then(|file| file.set_modified(SystemTime::now()));
    }
}

fn open_used(folder: &Path) -> Option<File> {
    let path = folder.join(USED);
    faults::check(Change::Create, &path).ok()?;
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    never_through_links(&mut options).open(path).ok()
}

/// Removes the entry `path`, unless it is a folder that a process is writing or using: then it stays, and false is the answer.
///
/// # Errors
/// [`FileError`] if it cannot be removed for another reason.
pub fn remove_cache_entry(path: &Path) -> Result<bool, FileError> {
    if !path.is_dir() {
        return remove(path).map(|()| true);
    }
    let mut lock = match FolderLock::take(path) {
        Ok(lock) => lock,
        Err(LockError::Held { .. }) => return Ok(false),
        Err(LockError::File(error)) => return Err(error),
    };
    let used = open_used(path);
    if used.as_ref().is_some_and(|used| matches!(used.try_lock(), Err(TryLockError::WouldBlock))) {
        return Ok(false);
    }
    // Out of the way in one step: who comes now makes an entry of its own.
    let aside = temporary_folder(path)?;
    let gone = aside.path().join("entry");
    rename(path, &gone).map_err(|source| FileError::Write { path: path.to_owned(), source })?;
    lock.moved_to(&gone);
    drop((used, lock));
    remove(aside.path()).map(|()| true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_entry_that_is_read_or_written_stays_and_one_that_is_not_goes() {
        let work = tempfile::tempdir().unwrap();
        let entry = work.path().join("entry");
        fs::create_dir(&entry).unwrap();
        fs::write(entry.join("part"), "x").unwrap();
        let writer = FolderLock::take(&entry).unwrap();
        assert!(!remove_cache_entry(&entry).unwrap());
        drop(writer);
        // A lock of another file is as that of another process.
        let reader = open_used(&entry).unwrap();
        reader.try_lock_shared().unwrap();
        assert!(!remove_cache_entry(&entry).unwrap());
        assert!(entry.join("part").is_file());
        drop(reader);
        assert!(remove_cache_entry(&entry).unwrap());
        assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0);
        let file = work.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(remove_cache_entry(&file).unwrap() && !file.exists());
        assert!(remove_cache_entry(&file).unwrap());
    }

    #[test]
    fn an_entry_is_used_by_a_process_until_it_ends_and_its_time_is_that_of_the_use() {
        let work = tempfile::tempdir().unwrap();
        let (folder, file) = (work.path().join("folder"), work.path().join("file"));
        fs::create_dir(&folder).unwrap();
        fs::write(&file, "x").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        use_cache_entry(&file);
        assert!(fs::metadata(&file).unwrap().modified().unwrap() > long_ago);
        assert_eq!(fs::read(&file).unwrap(), b"x");
        use_cache_entry(&folder);
        use_cache_entry(&folder);
        assert!(folder.join(USED).is_file() && !remove_cache_entry(&folder).unwrap());
        use_cache_entry(&work.path().join("none"));
        assert!(!work.path().join("none").exists());
    }
}

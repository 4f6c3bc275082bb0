//! One run at a time in a folder.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use super::faults::{self, Change};
use super::output::{never_through_links, remove_quietly};
use super::{FileError, create_folder};

/// The file that is locked while a run writes to a folder.
pub(super) const LOCK: &str = ".lelp.lock";

/// Why a folder cannot be written to now.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another run writes there.
    #[error("`{}` is in use by another run{holder}; wait until it ends, or choose another folder", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// What is known of that run, behind a blank.
        holder: String,
    },
    /// The lock cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Classified for LockError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Held { .. } => ErrorKind::Input,
            Self::File(error) => error.kind(),
        }
    }
}

/// A folder that this run alone writes to, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
    /// Whether the folder is there for the lock alone so far.
    made: bool,
}

/// How often a run that waits looks again.
const AGAIN: Duration = Duration::from_millis(200);

impl FolderLock {
    /// Takes `folder` as soon as no other run has it; `waiting` is told once that one has. None where `cancelled` is set
    /// meanwhile.
    pub fn wait(
        folder: &Path,
        mut waiting: impl FnMut(&LockError),
        cancelled: &AtomicBool,
    ) -> Result<Option<Self>, LockError> {
        let mut told = false;
        while !cancelled.load(Ordering::Relaxed) {
            match Self::take(folder) {
                Err(held @ LockError::Held { .. }) => {
                    if !told {
                        waiting(&held);
                    }
                    told = true;
                    std::thread::sleep(AGAIN);
                }
                taken => return taken.map(Some),
            }
        }
        Ok(None)
    }

    /// Takes `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// [`LockError::Held`] where another process has it.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let made = !folder.exists();
        create_folder(folder)?;
        let path = folder.join(LOCK);
        let write = |source| FileError::Write { path: path.clone(), source };
        faults::check(Change::Create, &path).map_err(write)?;
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = never_through_links(&mut options).open(&path).map_err(write)?;
        // A lock on a file that another run has removed meanwhile is none.
        if file.try_lock().is_ok() && !is_there(&file, &path) {
            return Self::take(folder);
        }
        // On a file system without locks two runs are as they were before there were any.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.is_empty() { holder } else { format!(" ({})", holder.trim()) };
            return Err(LockError::Held { folder: folder.to_owned(), holder });
        }
        // Who holds it is a help to people; the lock itself is the system's.
        let _ = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
        Ok(Self { path, file, made })
    }
}

impl FolderLock {
    /// The folder has another place by now.
    pub(super) fn moved_to(&mut self, folder: &Path) {
        self.path = folder.join(LOCK);
    }
}

/// Whether `file` is what `path` leads to.
#[cfg(unix)]
pub(super) fn is_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::io::Result<fs::Metadata>| metadata.ok().map(|it| (it.dev(), it.ino()));
    place(file.metadata()) == place(fs::metadata(path))
}

#[cfg(not(unix))]
pub(super) fn is_there(_file: &File, path: &Path) -> bool {
    path.exists()
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Removed while it is held: who opened it meanwhile holds a lock on a file that is gone, and sees an empty folder.
        let _ = remove_quietly(&self.path);
        let _ = self.file.unlock();
        if self.made {
            // Where the run has left nothing in it, it has not been there.
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_a_link_leaves_the_other_file_as_it_is() {
        let work = tempfile::tempdir().unwrap();
        let victim = work.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, work.path().join(LOCK)).unwrap();
        assert!(matches!(FolderLock::take(work.path()), Err(LockError::File(_))));
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn a_folder_is_one_runs_until_it_ends() {
        let work = tempfile::tempdir().unwrap();
        let folder = work.path().join("results");
        let first = FolderLock::take(&folder).unwrap();
        let second = FolderLock::take(&folder).unwrap_err().to_string();
        assert!(second.contains("in use by another run (process "), "{second}");
        drop(first);
        assert!(!folder.exists(), "it was made for the lock alone");
        fs::create_dir(&folder).unwrap();
        let again = FolderLock::take(&folder).unwrap();
        fs::write(folder.join("result"), "").unwrap();
        drop(again);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}

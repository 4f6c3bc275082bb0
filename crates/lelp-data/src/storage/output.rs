//! Files that are written to, and the other changes of the disk: the only place of the workspace that makes any.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::faults::{self, Change, Fault};
use super::{FileError, check_replaceable};

/// A file that is being written.
#[derive(Debug)]
pub struct OutputFile {
    file: File,
    path: PathBuf,
}

impl OutputFile {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned() }
    }

    /// A file of this name in a folder of our own, such as a temporary one.
    ///
    /// # Errors
    /// If there is one already, be it a link.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let create = || {
            faults::check(Change::Create, path)?;
            File::create_new(path)
        };
        create().map(|file| Self::new(file, path)).map_err(|source| write_error(path, source))
    }

    /// A file that grows at its end; made where it is missing.
    ///
    /// # Errors
    /// If it is a link, whose file may be anything.
    pub fn append(path: &Path) -> Result<Self, FileError> {
        check_replaceable(path)?;
        let open = || {
            faults::check(Change::Create, path)?;
            never_through_links(File::options().create(true).append(true)).open(path)
        };
        open().map(|file| Self::new(file, path)).map_err(|source| write_error(path, source))
    }

    /// Says which file could not be written.
    #[must_use]
    pub fn error(&self, source: io::Error) -> FileError {
        write_error(&self.path, source)
    }

    /// Waits until the disk has what was written.
    pub fn sync(&self) -> io::Result<()> {
        faults::check(Change::Sync, &self.path)?;
        self.file.sync_all()
    }

    /// Cuts the file down to so many bytes.
    pub fn truncate(&self, bytes: u64) -> io::Result<()> {
        faults::check(Change::Remove, &self.path)?;
        self.file.set_len(bytes)
    }

    /// Writes all of `source`; the system copies from file to file, on some file systems without reading a byte.
    pub fn copy_from(&mut self, source: &mut File) -> io::Result<u64> {
        faults::check(Change::Write, &self.path)?;
        io::copy(source, &mut self.file)
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fault = faults::next(Change::Write, &self.path);
        if fault.is_none() {
            return self.file.write(bytes);
        }
        // A write that fails may have written some.
        self.file.write_all(&bytes[..bytes.len() / 2])?;
        match fault {
            Some(Fault::Kill) => faults::kill(),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates a folder and those above it, where they are missing.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    let create = || {
        faults::check(Change::Create, path)?;
        fs::create_dir_all(path)
    };
    create().map_err(|source| write_error(path, source))
}

/// Removes a file, a link or a folder with all that is in it; there may be none.
pub fn remove(path: &Path) -> Result<(), FileError> {
    remove_quietly(path).map_err(|source| write_error(path, source))
}

pub(super) fn remove_quietly(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    faults::check(Change::Remove, path)?;
    let removed = if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives a file or folder of our own its place; a file that is there gives way.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::check(Change::Rename, to)?;
    fs::rename(from, to)
}

/// Opening a link is an error: a folder from elsewhere may hold one to a file that is none of ours.
pub(super) fn never_through_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

pub(super) fn write_error(path: &Path, source: io::Error) -> FileError {
    FileError::Write { path: path.to_owned(), source }
}

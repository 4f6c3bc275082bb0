//! A run's folder as a story: of a student, or of a comparison.

mod comparison;
mod error;
mod lines;
mod material;
mod student;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

pub use error::ReadError;
use lelp_compare::store::RESULTS_FILE;

use crate::story::Story;

/// The file that a distillation writes.
const RUN: &str = "run.json";

/// Who reads: threads, who is told of long work, and who can stop it.
pub struct Reader<'a> {
    /// Threads to compute on.
    pub threads: NonZeroUsize,
    /// Is told what is being done, in words that follow "reading".
    pub tell: &'a mut dyn FnMut(&str),
    /// Stops the work soon after it is raised.
    pub cancel: &'a AtomicBool,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reader on {} threads", self.threads)
    }
}

/// Reads all that there is to tell of the run in `folder`; what its data and signals would add is left out where they
/// are gone, and the story says so.
///
/// A student is asked for its answers to the test rows, once, where it has no figures on them yet.
///
/// # Errors
/// [`ReadError`] if the folder is no run's, or a file in it is damaged.
pub fn read(folder: &Path, reader: &mut Reader<'_>) -> Result<Story, ReadError> {
    if !folder.is_dir() {
        return Err(ReadError::NoFolder(folder.to_owned()));
    }
    if folder.join(RESULTS_FILE).is_file() {
        comparison::read(folder, reader)
    } else if folder.join(RUN).is_file() {
        student::read(folder, reader)
    } else {
        Err(ReadError::NoRun(folder.to_owned()))
    }
}

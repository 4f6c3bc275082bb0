//! Reading a run's folder, of a student or of a comparison, into a [`RunReport`].

mod comparison_run;
mod error;
mod omission_reason;
mod run_inputs;
mod student_run;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub use error::ReadError;
use lelp_compare::store::RESULTS_FILE;
use lelp_data::read_json_if_there;
use serde::Deserialize;

use crate::run_report::RunReport;

/// The file that a distillation writes its settings to.
const RUN_FILE: &str = "run.json";

/// What says that a student was made smaller of another one.
#[derive(Deserialize)]
struct ShrinkFile {
    model: PathBuf,
}

/// How to read a run: threads, progress, cancellation.
pub struct ReadContext<'a> {
    /// Threads to compute on.
    pub threads: NonZeroUsize,
    /// Called before each long step with the object that is read, a noun phrase such as `embeddings`.
    pub progress: &'a mut dyn FnMut(&str),
    /// Stops the work soon after it is set.
    pub cancelled: &'a AtomicBool,
}

impl std::fmt::Debug for ReadContext<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ReadContext").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Reads the run in `folder`. Parts that need its data or signals are left out where these no longer exist, and
/// [`RunReport::omissions`] says so.
///
/// A student without recorded test metrics is evaluated on the test rows.
///
/// # Errors
/// [`ReadError`] if the folder does not hold a run, or a file in it is damaged.
pub fn read(folder: &Path, context: &mut ReadContext<'_>) -> Result<RunReport, ReadError> {
    if !folder.is_dir() {
        return Err(ReadError::NoFolder(folder.to_owned()));
    }
    if folder.join(RESULTS_FILE).is_file() {
        comparison_run::read(folder, context)
    } else if folder.join(RUN_FILE).is_file() {
        student_run::read(folder, context)
    } else if let Some(ShrinkFile { model }) = read_json_if_there(&folder.join("shrink.json"))? {
        Err(ReadError::Shrunk { folder: folder.to_owned(), model })
    } else {
        Err(ReadError::NoRun(folder.to_owned()))
    }
}

//! Why a run's folder could not be read.

use std::path::PathBuf;

use lelp_compare::store::ResultsError;
use lelp_data::storage::FileError;
use thiserror::Error;

/// Why a run's folder could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such folder.
    #[error("`{}` is no folder", .0.display())]
    NoFolder(PathBuf),
    /// Nothing of a run is in it.
    #[error("`{}` is no run: it has no `run.json` and no `results.jsonl`", .0.display())]
    NoRun(PathBuf),
    /// It is a run of something else.
    #[error("`{}` is not that of a student", file.display())]
    NoStudent {
        /// The file.
        file: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// A file that is no JSON of its kind.
    #[error("`{}` does not read; was it written to its end?", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// A line that is no JSON of its kind.
    #[error("line {line} of `{}` does not read; remove it, or make the run again", file.display())]
    DamagedLine {
        /// The file.
        file: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// A file or a line too long to be ours.
    #[error("`{}` has {found} bytes or more in one piece, but {limit} are the most that a run has; is it another file?", file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
        /// Bytes found.
        found: u64,
        /// Bytes read at most.
        limit: u64,
    },
    /// Nothing has come of the run yet.
    #[error("`{}` holds no result yet; let the run finish first, or start it again", .0.display())]
    Unfinished(PathBuf),
    /// The results of a comparison do not read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller asked to stop.
    #[error("cancelled while reading the run")]
    Cancelled,
}

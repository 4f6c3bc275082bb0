//! Why a run's folder could not be read.

use std::path::PathBuf;

use lelp_compare::store::ResultsError;
use lelp_data::BoundedJsonError;
use lelp_data::storage::FileError;
use thiserror::Error;

/// Why a run's folder could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The folder does not exist.
    #[error("`{}` is no folder", .0.display())]
    NoFolder(PathBuf),
    /// The folder holds neither a student nor a comparison.
    #[error("`{}` is no run: it has neither `run.json` nor `results.jsonl`", .0.display())]
    NoRun(PathBuf),
    /// A student that was made smaller of another one, and not trained on its own.
    #[error(
        "`{}` is no run but a student that was made smaller of `{}`, whose folder says how it learned",
        folder.display(), model.display()
    )]
    Shrunk {
        /// The folder.
        folder: PathBuf,
        /// The student that it was made of.
        model: PathBuf,
    },
    /// `run.json` was written by something else than a distillation.
    #[error("`{}` does not describe a student", file.display())]
    NoStudent {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The run has no results yet.
    #[error("`{}` holds no result yet; let the run finish first, or start it again", .0.display())]
    Unfinished(PathBuf),
    /// A file is damaged or too long.
    #[error(transparent)]
    Json(#[from] BoundedJsonError),
    /// The results of a comparison cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The caller asked to stop.
    #[error("cancelled while reading the run")]
    Cancelled,
}

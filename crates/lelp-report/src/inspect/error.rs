//! Why a split cannot be looked at.

use lelp_train::distill::SplitError;
use thiserror::Error;

/// Why an inspection came to nothing. Rows count from 0.
#[derive(Debug, Error)]
pub enum InspectError {
    /// Signals, data, fine labels and fit do not belong together, or cannot be read.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The split of a row is no number.
    #[error(
        "the split of row {row} in class {class} is {value}, but must be finite; are fit and signals of one teacher?"
    )]
    NotFinite {
        /// The row.
        row: usize,
        /// Its class.
        class: usize,
        /// The first share that is no number.
        value: f32,
    },
    /// Somebody asked to stop.
    #[error("cancelled after {done} of {rows} rows of the signals or of a class")]
    Cancelled {
        /// Rows that were looked at.
        done: usize,
        /// Rows to look at.
        rows: usize,
    },
}

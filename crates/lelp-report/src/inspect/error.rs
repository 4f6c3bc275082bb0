//! Why an inspection fails.

use lelp_train::distill::SplitError;
use thiserror::Error;

/// Why an inspection failed. Rows count from 0.
#[derive(Debug, Error)]
pub enum InspectError {
    /// Signals, data, fine labels and fit do not belong together, or cannot be read.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A share of a row is not finite.
    #[error(
        "a share of row {row} in class {class} is {value}, but must be finite; do fit and signals come from the same teacher?"
    )]
    NotFinite {
        /// The row.
        row: usize,
        /// Its class.
        class: usize,
        /// The first share that is not finite.
        value: f32,
    },
    /// The caller asked to stop.
    #[error("cancelled after {done} of {rows} rows of the signals or of a class")]
    Cancelled {
        /// Rows that were read.
        done: usize,
        /// Rows to read.
        rows: usize,
    },
}

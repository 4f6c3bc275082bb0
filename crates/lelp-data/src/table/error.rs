//! What can be wrong with a table in memory.

use lelp::{Classified, ErrorKind};
use thiserror::Error;

use super::schema::SchemaError;
use crate::cells::ValueError;

/// Why columns are no table. Rows count from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TableError {
    /// The names or kinds of the columns do not fit.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Two columns differ in their number of rows.
    #[error("column `{column}` has {found} rows, but `{first}` has {expected}")]
    Rows {
        /// A column.
        column: String,
        /// Its rows.
        found: usize,
        /// The first column.
        first: String,
        /// Its rows.
        expected: usize,
    },
    /// The numbers of a column of vectors are no whole number of vectors.
    #[error("column `{column}` has {numbers} numbers, which are no whole number of vectors of {width}")]
    Ragged {
        /// The column.
        column: String,
        /// Numbers of a vector.
        width: usize,
        /// Numbers in all.
        numbers: usize,
    },
    /// A number is infinite or not a number.
    #[error("row {row}: column `{column}` holds {value}, but numbers must be finite")]
    NotFinite {
        /// The column.
        column: String,
        /// The first such row.
        row: u64,
        /// The value.
        value: f64,
    },
    /// A value is not one that its column can hold.
    #[error("row {row}: column `{column}` {problem}")]
    Value {
        /// The column.
        column: String,
        /// The first such row.
        row: u64,
        /// What is wrong.
        problem: ValueError,
    },
    /// Some rows have a second text, and this one has none.
    #[error("row {row} has no second text, but other rows have one")]
    MissingPair {
        /// The first such row.
        row: u64,
    },
}

impl Classified for TableError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for SchemaError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

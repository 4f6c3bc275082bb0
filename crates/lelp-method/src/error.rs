//! Settings or supervision that a method cannot work with.

use thiserror::Error;

/// Settings or supervision that a method cannot work with.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MethodError {
    /// A setting out of its range.
    #[error("{name} is {value}: use {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// The number given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Something the method learns from is not there.
    #[error("method `{method}` needs {what}, and there are none")]
    Missing {
        /// The method.
        method: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// An array of the wrong length.
    #[error("{rows} rows and {columns} columns need {wanted} {what}, but {given} are given")]
    Length {
        /// What the array holds.
        what: &'static str,
        /// Rows.
        rows: usize,
        /// Values in a row.
        columns: usize,
        /// Values needed.
        wanted: usize,
        /// Values given.
        given: usize,
    },
    /// A label outside the classes.
    #[error("row {row} has label {label}, but there are {classes} classes")]
    Label {
        /// The row.
        row: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A logit or target that is not a number, or infinite.
    #[error("row {row} of the {what} holds {value}: only finite numbers can be learned from")]
    Value {
        /// What the array holds.
        what: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: f32,
    },
    /// A method that is added twice.
    #[error("method `{method}` is there twice: give it once, with the weight it should have")]
    Twice {
        /// The method.
        method: &'static str,
    },
    /// The system gave no memory for a buffer.
    #[error(
        "no memory for the {rows} rows x {columns} columns that method `{method}` keeps: use fewer columns or another method"
    )]
    Memory {
        /// The method.
        method: &'static str,
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
}

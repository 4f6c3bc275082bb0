//! Settings or supervision that a method cannot work with.

use lelp::{Classified, ErrorKind, MakerSettingsError, SettingError};
use thiserror::Error;

/// Settings or supervision that a method cannot work with.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MethodError {
    /// A setting out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
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
    /// Weights of classes for a loss of whole batches.
    #[error(
        "method `{method}` compares the rows of a batch with each other, so that classes cannot weigh differently: leave their weights out, or use another method"
    )]
    ClassWeights {
        /// The method.
        method: &'static str,
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

/// Why no method, and no term on embeddings, has these settings.
#[derive(Debug, Error)]
pub enum MethodSettingsError {
    /// Nothing of the name.
    #[error("no method is called `{name}`; there are {}", quoted(known))]
    UnknownMethod {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A setting that the method does not have.
    #[error("unknown field `{setting}`, expected {}", expected(known))]
    UnknownSetting {
        /// The setting.
        setting: String,
        /// The settings it has.
        known: Vec<&'static str>,
    },
    /// A number out of its range.
    #[error(transparent)]
    Range(#[from] SettingError),
    /// The target maker does not have these settings.
    #[error(transparent)]
    Maker(#[from] MakerSettingsError),
    /// A value of another type, or an unknown word.
    #[error(transparent)]
    Value(#[from] serde_json::Error),
}

impl Classified for MethodError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Memory { .. } => ErrorKind::Environment,
            _ => ErrorKind::Input,
        }
    }
}

impl Classified for MethodSettingsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// As serde lists what a struct has.
fn expected(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        _ => format!("one of {}", quoted(names)),
    }
}

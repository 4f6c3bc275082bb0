//! The native module of the Python package `lelp`; the package around it is in `python/lelp`.
//!
//! Arrays and files come in and go out here, errors become exceptions, long calls leave the interpreter free and end on
//! Ctrl-C. Everything that a person meets (names, defaults, pandas, scikit-learn) is Python.

#![allow(clippy::needless_pass_by_value, reason = "what Python passes is taken by value")]

mod arrays;
mod command;
mod errors;
mod freed_memory;
mod inputs;
mod interrupt;
mod model;
mod signals;
mod split;

/// The native part of `lelp`.
#[pyo3::pymodule]
mod _lelp {
    #[pymodule_export]
    use crate::command::{run, run_to_end};
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::signals::{SignalsWriter, check_signals};
    #[pymodule_export]
    use crate::split::{Fit, Statistics, collapse, read_targets, write_targets};

    /// Version of the package and of the command.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

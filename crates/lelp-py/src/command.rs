//! The command, for the entry point `lelp` and for processes that Python starts to do long work.

use std::ffi::OsString;
use std::io::{self, Write};

use pyo3::prelude::*;

use crate::errors::kind_name;

/// Runs the command with these arguments, the program's name first, and gives the exit status.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let status = lelp_cli::run(arguments);
        flush();
        status
    })
}

/// As `run`; gives status, and class and message of the error where there was one.
#[pyfunction]
pub(crate) fn run_to_end(py: Python<'_>, arguments: Vec<OsString>) -> (u8, Option<(&'static str, String)>) {
    py.detach(|| {
        let ended = lelp_cli::run_to_end(arguments);
        flush();
        (ended.status, ended.error.map(|error| (kind_name(error.kind), error.message)))
    })
}

/// What is written last stays in a buffer where the program's `main` is not ours. A closed pipe is nobody's fault.
fn flush() {
    let _ = io::stdout().flush();
}

//! Errors of the libraries as exceptions, one class for each kind; the classes are Python's, in `lelp/errors.py`.

use std::error::Error;

use lelp::{Classified, ErrorChain, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// An error that is on its way to Python.
pub(crate) struct Raised {
    kind: ErrorKind,
    message: String,
}

impl Raised {
    /// The caller's argument is wrong.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Input, message: message.into() }
    }
}

impl<E: Classified + Error + 'static> From<E> for Raised {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), message: ErrorChain(&error).to_string() }
    }
}

impl From<Raised> for PyErr {
    fn from(raised: Raised) -> Self {
        Python::attach(|py| match class_of(py, raised.kind) {
            Ok(class) => Self::from_type(class.clone(), raised.message),
            Err(error) => error,
        })
    }
}

fn class_of(py: Python<'_>, kind: ErrorKind) -> PyResult<&Bound<'_, PyType>> {
    static INPUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static ENVIRONMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static DEFECT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let (class, name) = match kind {
        ErrorKind::Input => (&INPUT, "InputError"),
        ErrorKind::Environment => (&ENVIRONMENT, "SystemFailure"),
        ErrorKind::Defect => (&DEFECT, "Defect"),
    };
    class.import(py, "lelp.errors", name)
}

/// The name of a kind's class, for a process that reports an error to another.
pub(crate) fn kind_name(kind: Option<ErrorKind>) -> &'static str {
    match kind {
        None | Some(ErrorKind::Input) => "InputError",
        Some(ErrorKind::Environment) => "SystemFailure",
        Some(ErrorKind::Defect) => "Defect",
    }
}

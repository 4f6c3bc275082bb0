//! Kinds of errors, by who has to act on them.

use std::error::Error;

/// Who has to act on an error; the command turns it into an exit status, a service into a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller's data, files or settings are wrong.
    Input,
    /// The surroundings failed: a full disk, no memory, no network, a cancelled run.
    Environment,
    /// This program is wrong: an invariant of ours does not hold.
    Defect,
}

/// An error that says who has to act on it.
pub trait Classified: Error {
    /// Who has to act.
    fn kind(&self) -> ErrorKind;
}

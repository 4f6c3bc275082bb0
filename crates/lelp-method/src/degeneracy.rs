//! Methods that mean nothing, or little, with few classes.

use std::fmt;

use lelp::{Classified, ErrorKind};
use serde::Serialize;
use thiserror::Error;

/// How little is left of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Part of it teaches nothing.
    Warned,
    /// It teaches nothing, or exactly what a plainer method teaches.
    Refused,
}

/// What is left of a method with few classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Degeneracy {
    /// The method.
    pub method: &'static str,
    /// How little is left of it.
    pub severity: Severity,
    /// Why, as the second half of a sentence.
    pub why: &'static str,
    /// What to use in its place.
    pub instead: &'static str,
}

/// A method that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("method `{}` with {classes} classes: {}", degeneracy.method, degeneracy.why)]
pub struct DegeneracyError {
    /// Number of classes.
    pub classes: usize,
    /// What is left of the method.
    pub degeneracy: Degeneracy,
}

impl Classified for DegeneracyError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl fmt::Display for Degeneracy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`: {}; use {}", self.method, self.why, self.instead)
    }
}

/// Free numbers of a row of `classes` logits once its mean and its size are taken away.
pub(super) fn free_shapes(classes: usize) -> usize {
    classes.saturating_sub(2)
}

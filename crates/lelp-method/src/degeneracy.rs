//! Methods that mean nothing, or little, with few classes.

use std::fmt;

use lelp::{Classified, ErrorKind};
use serde::Serialize;
use thiserror::Error;

use super::objective::Objective;

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

impl Objective {
    /// What is left of each method with `classes` classes, where that is less than it promises.
    #[must_use]
    pub fn degeneracies(&self, classes: usize) -> Vec<Degeneracy> {
        let added = self.add.iter().filter_map(|term| term.degeneracy(classes));
        self.base.degeneracy(classes).into_iter().chain(added).collect()
    }

    /// Refuses methods of which nothing is left with `classes` classes, unless `force`d; gives what to warn of.
    pub fn guard(&self, classes: usize, force: bool) -> Result<Vec<Degeneracy>, DegeneracyError> {
        let found = self.degeneracies(classes);
        let refused = found.iter().find(|degeneracy| degeneracy.severity == Severity::Refused);
        match refused {
            Some(&degeneracy) if !force => Err(DegeneracyError { classes, degeneracy }),
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::{CrdTerm, KdSettings, MethodSettings};

    #[test]
    fn a_refusal_can_be_forced_and_a_warning_needs_no_force() {
        for method in MethodSettings::all() {
            let objective = Objective::from(method.clone());
            let refused = ["dkd", "lskd"].contains(&method.name());
            assert_eq!(objective.guard(2, false).is_err(), refused, "{}", method.name());
            let warned = ["dist", "crd"].contains(&method.name());
            assert_eq!(objective.guard(2, true).unwrap().len(), usize::from(refused || warned));
            assert_eq!(objective.guard(3, false).unwrap(), []);
        }
    }

    #[test]
    fn what_is_added_is_guarded_too() {
        let base = KdSettings::default().into();
        let objective = Objective { base, add: vec![CrdTerm::default().into()] };
        assert_eq!(objective.guard(2, false).unwrap()[0].method, "crd");
    }
}

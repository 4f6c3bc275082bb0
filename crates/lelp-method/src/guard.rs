//! Methods that mean nothing, or little, with few classes.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use super::objective::Objective;
use super::settings::{AuxiliaryTerm, MethodSettings};

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
pub struct GuardError {
    /// Number of classes.
    pub classes: usize,
    /// What is left of the method.
    pub degeneracy: Degeneracy,
}

impl fmt::Display for Degeneracy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`: {}; use {}", self.method, self.why, self.instead)
    }
}

/// Free numbers of a row of `classes` logits once its mean and its size are taken away.
fn shapes(classes: usize) -> usize {
    classes.saturating_sub(2)
}

/// Free numbers of a row's probabilities over the classes other than its label's.
fn among_others(classes: usize) -> usize {
    classes.saturating_sub(2)
}

/// Classes that the negatives of a row can be of.
fn other_classes(classes: usize) -> usize {
    classes.saturating_sub(1)
}

impl MethodSettings {
    /// What is left of the method with `classes` classes, where that is less than it promises.
    ///
    /// Each case follows from the definition of the loss and is measured on its gradient by the conformance tests.
    #[must_use]
    pub fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        let found = |severity, why, instead| Some(Degeneracy { method: self.name(), severity, why, instead });
        match self {
            Self::Dkd(_) if among_others(classes) == 0 => found(
                Severity::Refused,
                "there is one class beside the label's, so that NCKD is 0 and TCKD is all of `kd`",
                "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
            ),
            Self::Lskd(_) if shapes(classes) == 0 => found(
                Severity::Refused,
                "any two logits standardise to +-0.7071, so that only their order is left and there is no gradient",
                "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
            ),
            Self::Dist(_) if shapes(classes) == 0 => found(
                Severity::Warned,
                "the correlation of two probabilities is 1 or -1, so that rows teach nothing, and both columns say the same",
                "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
            ),
            Self::Lelp(_)
            | Self::Kmeans(_)
            | Self::Agglomerative(_)
            | Self::TsneKmeans(_)
            | Self::RandomProjection(_)
            | Self::RandomSubclass(_)
                if self.subclasses() == 1 =>
            {
                found(
                    Severity::Warned,
                    "one subclass a class leaves the teacher's probabilities as they are, which is `kd`",
                    "`--subclasses 4`",
                )
            }
            _ => self.added().and_then(|added| added.degeneracy(classes)),
        }
    }
}

impl AuxiliaryTerm {
    /// As [`MethodSettings::degeneracy`].
    #[must_use]
    pub fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        match self {
            Self::Crd(_) if other_classes(classes) == 1 => Some(Degeneracy {
                method: self.name(),
                severity: Severity::Warned,
                why: "all negatives of a row are of the one other class, so that nothing is learned inside a class",
                instead: "`rkd` or `fitnet`, which see inside a class",
            }),
            _ => None,
        }
    }
}

impl Objective {
    /// What is left of each method with `classes` classes, where that is less than it promises.
    #[must_use]
    pub fn degeneracies(&self, classes: usize) -> Vec<Degeneracy> {
        let added = self.add.iter().filter_map(|added| added.degeneracy(classes));
        self.base.degeneracy(classes).into_iter().chain(added).collect()
    }

    /// Refuses methods of which nothing is left with `classes` classes, unless `force`d; gives what to warn of.
    pub fn guard(&self, classes: usize, force: bool) -> Result<Vec<Degeneracy>, GuardError> {
        let found = self.degeneracies(classes);
        let refused = found.iter().find(|degeneracy| degeneracy.severity == Severity::Refused);
        match refused {
            Some(&degeneracy) if !force => Err(GuardError { classes, degeneracy }),
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_can_be_forced_and_a_warning_needs_no_force() {
        for method in MethodSettings::all() {
            let objective = Objective::from(method);
            let refused = ["dkd", "lskd"].contains(&method.name());
            assert_eq!(objective.guard(2, false).is_err(), refused, "{}", method.name());
            let warned = ["dist", "crd"].contains(&method.name());
            assert_eq!(objective.guard(2, true).unwrap().len(), usize::from(refused || warned));
            assert_eq!(objective.guard(3, false).unwrap(), []);
        }
    }

    #[test]
    fn what_is_added_is_guarded_too() {
        let base = MethodSettings::all()[1];
        let objective = Objective { base, add: vec![AuxiliaryTerm::Crd(crate::CrdTerm::default())] };
        assert_eq!(objective.guard(2, false).unwrap()[0].method, "crd");
    }
}

//! A method, and what is added to it.

use serde::{Deserialize, Serialize};

use super::auxiliary_term::AuxiliaryTerm;
use super::degeneracy::{Degeneracy, DegeneracyError, Severity};
use super::embeddings::EmbeddingPair;
use super::error::MethodError;
use super::loss::MethodSettings;
use super::losses::ce::{CeSettings, CrossEntropy};
use super::needs::Needs;
use super::row_weights::WeightedRows;
use super::supervision::{StudentShape, Supervision};
use super::weighted_sum::{Part, WeightedSum};
use crate::Method;

/// A base method, which decides the student's outputs, and methods that are added to it.
///
/// As a recipe:
///
/// ```toml
/// [distill]
/// method = "lelp"
/// beta = 0.12
///
/// [[distill.add]]
/// method = "fitnet"
/// weight = 10.0
/// ```
///
/// The loss is that of the base plus the weighted terms of what is added; labels are mixed in by the base alone. Weights
/// of classes weigh the loss of the outputs and the labels' cross-entropy; terms on embeddings take all rows alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The method at the bottom. It refuses the keys that neither it nor this type has.
    #[serde(flatten)]
    pub base: MethodSettings,
    /// What is added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<AuxiliaryTerm>,
}

impl From<MethodSettings> for Objective {
    fn from(base: MethodSettings) -> Self {
        Self { base, add: Vec::new() }
    }
}

impl Objective {
    /// The same with the number of subclasses that the data came to, for a method that leaves it open.
    #[must_use]
    pub fn with_subclasses(&self, found: Option<usize>) -> Self {
        let base = found.and_then(|subclasses| self.base.with_found_subclasses(subclasses));
        Self { base: base.unwrap_or_else(|| self.base.clone()), add: self.add.clone() }
    }

    /// The names of all methods, as `lelp + fitnet`.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> =
            [self.base.name()].into_iter().chain(self.add.iter().map(|term| term.name())).collect();
        names.join(" + ")
    }

    /// All that is added to the outputs' loss, what the base brings along first.
    fn terms(&self) -> impl Iterator<Item = AuxiliaryTerm> + '_ {
        self.base.term().into_iter().chain(self.add.iter().cloned())
    }

    /// What all methods together learn from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.add.iter().fold(self.base.needs(), |needs, term| needs.and(term.needs()))
    }

    /// Checks the settings of all methods, and that none is there twice.
    pub fn check(&self) -> Result<(), MethodError> {
        self.base.check()?;
        let mut names = Vec::new();
        for term in self.terms() {
            term.check()?;
            if names.contains(&term.name()) {
                return Err(MethodError::Twice { method: term.name() });
            }
            names.push(term.name());
        }
        Ok(())
    }

    /// The methods over what is known about the training rows, for a student as `student`.
    ///
    /// # Errors
    /// All that the methods need is checked here, before the first step: settings, lengths, labels, finite values.
    pub fn build<'a>(
        &self,
        supervision: Supervision<'a>,
        student: &StudentShape,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        self.check()?;
        let base = &self.base;
        supervision.check_labels(self.needs().labels.then(|| base.name()))?;
        let (alpha, subclasses) = (base.alpha().get(), base.subclasses());
        let mut parts = Vec::new();
        let weigh = |method: Box<dyn Method + 'a>| -> Result<Box<dyn Method + 'a>, MethodError> {
            let Some(weights) = supervision.row_weights() else { return Ok(method) };
            let weighted = WeightedRows::new(method, weights);
            Ok(Box::new(weighted.ok_or(MethodError::ClassWeights { method: base.name() })?))
        };
        if let Some(method) = (**base).build(supervision)? {
            parts.push(Part { weight: 1.0 - alpha, method: weigh(method)? });
        }
        // `ce` alone says how labels are read; beside other methods they are read plainly.
        let settings = base.downcast_ref::<CeSettings>().copied().unwrap_or_default();
        let labels = CrossEntropy::new(supervision, subclasses, settings);
        parts.push(Part { weight: alpha, method: weigh(Box::new(labels))? });
        for term in self.terms() {
            let (classes, student) = (supervision.classes, *student);
            let teacher = supervision.checked_embeddings(term.name())?;
            let method = term.build(EmbeddingPair { classes, subclasses, teacher, student }, supervision)?;
            parts.push(Part { weight: 1.0, method });
        }
        Ok(Box::new(WeightedSum::new(parts)))
    }
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

impl MethodSettings {
    /// The method alone: [`Objective::build`] with nothing added.
    ///
    /// # Errors
    /// As [`Objective::build`].
    pub fn build<'a>(
        &self,
        supervision: Supervision<'a>,
        student: &StudentShape,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        Objective::from(self.clone()).build(supervision, student)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::{CrdTerm, FitnetTerm, KdSettings, KdWithTerm, RkdTerm};

    #[test]
    fn a_recipe_names_the_base_and_what_is_added() {
        let text = "method = \"lelp\"\nsubclasses = 8\n[[add]]\nmethod = \"fitnet\"\nweight = 10\n[[add]]\nmethod = \"rkd\"\n";
        let read: Objective = toml::from_str(text).unwrap();
        let base = MethodSettings::named("lelp").unwrap().with("subclasses", 8).unwrap();
        let add = vec![FitnetTerm { weight: 10.0 }.into(), RkdTerm::default().into()];
        assert_eq!(read, Objective { base, add });
        assert_eq!(toml::from_str::<Objective>(&toml::to_string(&read).unwrap()).unwrap(), read);
        assert_eq!(read.name(), "lelp + fitnet + rkd");
    }

    #[test]
    fn unknown_keys_are_refused_at_every_depth() {
        for wrong in [
            "method = \"kd\"\nbeta = 1",
            "method = \"ce\"\nalpha = 1",
            "method = \"fitnet\"\nangle_weight = 1",
            "method = \"kd\"\n[[add]]\nmethod = \"fitnet\"\nalpha = 1",
            "method = \"kd\"\n[[add]]\nmethod = \"lelp\"",
        ] {
            assert!(toml::from_str::<Objective>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_added_twice() {
        let term = AuxiliaryTerm::from(FitnetTerm::default());
        let twice = MethodError::Twice { method: "fitnet" };
        let kd = Objective { base: KdSettings::default().into(), add: vec![term.clone(), term.clone()] };
        assert_eq!(kd.check().unwrap_err(), twice);
        let fitnet = Objective { base: KdWithTerm::new(term.clone()).into(), add: vec![term] };
        assert_eq!(fitnet.check().unwrap_err(), twice);
    }

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

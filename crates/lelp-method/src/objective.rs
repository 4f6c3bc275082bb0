//! A method, and what is added to it.

use serde::{Deserialize, Serialize};

use super::error::MethodError;
use super::settings::{AuxiliaryTerm, MethodSettings};
use super::split::OracleSettings;
use super::subclass::SubclassSettings;
use super::supervision::Needs;

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
/// The loss is that of the base plus the weighted terms of what is added; labels are mixed in by the base alone.
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
    /// The same with the number of subclasses that a split came to, for a method that leaves it open.
    #[must_use]
    pub fn with_subclasses(&self, subclasses: Option<usize>) -> Self {
        let base = match self.base {
            MethodSettings::Oracle(settings) => MethodSettings::Oracle(OracleSettings {
                subclasses: subclasses.or(settings.subclasses),
                ..settings
            }),
            MethodSettings::Subclass(settings) => {
                let subclasses = subclasses.or(settings.subclasses);
                MethodSettings::Subclass(SubclassSettings { subclasses, ..settings })
            }
            other => other,
        };
        Self { base, add: self.add.clone() }
    }

    /// The names of all methods, as `lelp + fitnet`.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> =
            [self.base.name()].into_iter().chain(self.add.iter().map(AuxiliaryTerm::name)).collect();
        names.join(" + ")
    }

    /// All that is added to the outputs' loss, what the base brings along first.
    pub(super) fn added(&self) -> impl Iterator<Item = AuxiliaryTerm> + '_ {
        self.base.added().into_iter().chain(self.add.iter().copied())
    }

    /// What all methods together learn from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.add.iter().fold(self.base.needs(), |needs, added| needs.and(added.needs()))
    }

    /// Checks the settings of all methods, and that none is there twice.
    pub fn check(&self) -> Result<(), MethodError> {
        self.base.check()?;
        let mut names = Vec::new();
        for added in self.added() {
            added.check()?;
            if names.contains(&added.name()) {
                return Err(MethodError::Twice { method: added.name() });
            }
            names.push(added.name());
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::{FitnetSettings, FitnetTerm, KdSettings, LelpSettings, RkdTerm};

    #[test]
    fn a_recipe_names_the_base_and_what_is_added() {
        let text = "method = \"lelp\"\nsubclasses = 8\n[[add]]\nmethod = \"fitnet\"\nweight = 10\n[[add]]\nmethod = \"rkd\"\n";
        let read: Objective = toml::from_str(text).unwrap();
        let base = MethodSettings::Lelp(LelpSettings { subclasses: 8, ..LelpSettings::default() });
        let add =
            vec![AuxiliaryTerm::Fitnet(FitnetTerm { weight: 10.0 }), AuxiliaryTerm::Rkd(RkdTerm::default())];
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
        let hint = AuxiliaryTerm::Fitnet(FitnetTerm::default());
        let twice = MethodError::Twice { method: "fitnet" };
        let kd = Objective { base: MethodSettings::Kd(KdSettings::default()), add: vec![hint, hint] };
        assert_eq!(kd.check().unwrap_err(), twice);
        let fitnet = Objective { base: MethodSettings::Fitnet(FitnetSettings::default()), add: vec![hint] };
        assert_eq!(fitnet.check().unwrap_err(), twice);
    }
}

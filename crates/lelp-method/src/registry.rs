//! Methods and terms by their names: the registries of [`losses`] and [`terms`], and what is read through them.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::auxiliary_term::AuxiliaryTerm;
use super::checked_values::check_values;
use super::error::MethodSettingsError;
use super::loss::MethodSettings;
use super::named_settings::named_values;
use super::{losses, terms};

impl MethodSettings {
    /// One of each method with its defaults, in the order of help and reports.
    #[must_use]
    pub fn all() -> Vec<Self> {
        losses::methods()
    }

    /// The method of a name, with its defaults.
    ///
    /// # Errors
    /// [`MethodSettingsError::UnknownMethod`] lists the names there are.
    pub fn named(name: &str) -> Result<Self, MethodSettingsError> {
        let all = Self::all();
        let unknown = || MethodSettingsError::UnknownMethod {
            name: name.to_owned(),
            known: all.iter().map(|method| method.name()).collect(),
        };
        all.iter().find(|method| method.name() == name).cloned().ok_or_else(unknown)
    }

    /// The method of a name with some of its [parameters](crate::Loss::parameters) given; the others have their defaults.
    ///
    /// # Errors
    /// [`MethodSettingsError`] for an unknown name or setting, or a value that the setting does not allow.
    pub fn with_parameters(name: &str, given: Map<String, Value>) -> Result<Self, MethodSettingsError> {
        let default = Self::named(name)?;
        check_values(&default.parameters(), &given)?;
        default.read(given)
    }
}

impl<'de> Deserialize<'de> for MethodSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, values) = named_values(deserializer)?;
        Self::with_parameters(&name, values).map_err(D::Error::custom)
    }
}

impl AuxiliaryTerm {
    /// One of each term with its defaults.
    #[must_use]
    pub fn all() -> Vec<Self> {
        terms::terms()
    }
}

impl<'de> Deserialize<'de> for AuxiliaryTerm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, values) = named_values(deserializer)?;
        let all = Self::all();
        let unknown = || MethodSettingsError::UnknownMethod {
            name: name.clone(),
            known: all.iter().map(|term| term.name()).collect(),
        };
        let term =
            all.iter().find(|term| term.name() == name).ok_or_else(unknown).map_err(D::Error::custom)?;
        let read = check_values(term.parameters(), &values).and_then(|()| term.read(values));
        read.map_err(D::Error::custom)
    }
}

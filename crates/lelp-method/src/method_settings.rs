//! The settings of any method, by its name.

use std::any::Any;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::checked_values::{check_values, number};
use super::degeneracy::Degeneracy;
use super::error::{MethodError, MethodSettingsError};
use super::loss::{Loss, MethodSettings};
use super::named_settings::serialize_named;
use super::needs::Needs;

/// A method, described.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodDescription {
    /// Its name.
    pub name: &'static str,
    /// What the student is trained to match.
    pub summary: String,
    /// What it learns from.
    pub needs: Needs,
    /// Its settings, as they are without being set.
    pub defaults: MethodSettings,
    /// What is left of it with two classes, where that is less than it promises.
    pub two_classes: Option<Degeneracy>,
    /// Where its definition is from.
    pub source: &'static str,
}

impl MethodSettings {
    /// The same with one of its [parameters](Loss::parameters) set.
    ///
    /// # Errors
    /// [`MethodSettingsError`] if the method has no such setting or does not allow the value.
    pub fn with(&self, setting: &str, value: impl Into<Value>) -> Result<Self, MethodSettingsError> {
        let mut values = self.to_json();
        values.insert(setting.to_owned(), value.into());
        check_values(&self.parameters(), &values)?;
        self.read(values)
    }

    /// The settings as a type, where they are of that type.
    #[must_use]
    pub fn downcast_ref<T: Loss>(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref()
    }

    /// What the method learns from.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let outputs = self.0.needs();
        let needs = self.term().map_or(outputs, |term| outputs.and(term.needs()));
        Needs { labels: needs.labels || self.alpha().get() > 0.0, ..needs }
    }

    /// The method with its defaults, described.
    #[must_use]
    pub fn description(&self) -> MethodDescription {
        MethodDescription {
            name: self.name(),
            summary: self.summary(),
            needs: self.needs(),
            defaults: self.clone(),
            two_classes: self.degeneracy(2),
            source: self.source(),
        }
    }

    /// Checks the ranges that the [parameters](Loss::parameters) say, for settings that were not read.
    ///
    /// # Errors
    /// [`MethodError::Setting`] names the setting, the value and what is allowed.
    pub fn check(&self) -> Result<(), MethodError> {
        let values = self.to_json();
        for parameter in self.parameters() {
            if let Some(value) = values.get(parameter.name).and_then(number) {
                parameter.check(value)?;
            }
        }
        Ok(())
    }
}

impl PartialEq for MethodSettings {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.to_json() == other.to_json()
    }
}

impl fmt::Debug for MethodSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for MethodSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_named(self.name(), &self.parameters(), &self.to_json(), serializer)
    }
}

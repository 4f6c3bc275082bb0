//! The settings of any method, by its name.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use lelp::Parameter;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::checked_values::{check_values, number};
use super::degeneracy::Degeneracy;
use super::error::{MethodError, MethodSettingsError};
use super::loss::Loss;
use super::losses;
use super::needs::Needs;
use super::objective::Objective;
use super::supervision::{StudentShape, Supervision};
use crate::Method;

/// The key that holds the method's name.
pub(crate) const NAME_KEY: &str = "method";

/// A method with its settings.
///
/// As JSON or TOML an object whose key `method` holds the method's name and whose other keys are its settings; settings
/// that are left out have their defaults, and unknown ones are refused.
#[derive(Clone)]
pub struct MethodSettings(Arc<dyn Loss>);

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

    /// The method of a name with some of its [parameters](Loss::parameters) given; the others have their defaults.
    ///
    /// # Errors
    /// [`MethodSettingsError`] for an unknown name or setting, or a value that the setting does not allow.
    pub fn with_parameters(name: &str, given: Map<String, Value>) -> Result<Self, MethodSettingsError> {
        let default = Self::named(name)?;
        check_values(&default.parameters(), &given)?;
        default.read(given)
    }

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

impl<T: Loss> From<T> for MethodSettings {
    fn from(settings: T) -> Self {
        Self(Arc::new(settings))
    }
}

impl Deref for MethodSettings {
    type Target = dyn Loss;

    fn deref(&self) -> &Self::Target {
        &*self.0
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

impl<'de> Deserialize<'de> for MethodSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, values) = named_values(deserializer)?;
        Self::with_parameters(&name, values).map_err(D::Error::custom)
    }
}

/// The name first, then values in the order in which they are described.
pub(crate) fn serialize_named<S: Serializer>(
    name: &str,
    parameters: &[Parameter],
    values: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(NAME_KEY, name)?;
    for parameter in parameters {
        if let Some(value) = values.get(parameter.name) {
            map.serialize_entry(parameter.name, value)?;
        }
    }
    map.end()
}

/// The name, and all other values.
pub(crate) fn named_values<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(String, Map<String, Value>), D::Error> {
    let mut values = Map::<String, Value>::deserialize(deserializer)?;
    match values.remove(NAME_KEY) {
        Some(Value::String(name)) => Ok((name, values)),
        Some(other) => {
            Err(D::Error::custom(format_args!("`{NAME_KEY}` is {other}: give the name of a method")))
        }
        None => Err(D::Error::missing_field(NAME_KEY)),
    }
}

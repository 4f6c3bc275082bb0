//! Terms on embeddings that can be added to any method.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use lelp::Parameter;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::checked_values::number;
use super::degeneracy::Degeneracy;
use super::embeddings::EmbeddingPair;
use super::error::{MethodError, MethodSettingsError};
use super::named_settings::{serialize_named, to_map};
use super::needs::Needs;
use super::supervision::Supervision;
use crate::Method;

/// The settings of one term that holds the student's embedding against the teacher's, and all that is to say about it.
///
/// A term is one file and one line of `terms/mod.rs`, and with it a method, `kd` and the term. Its
/// settings type also derives `Clone`, `Debug`, `Serialize` and `Deserialize` (with `deny_unknown_fields` and
/// `default`) and implements `Default`.
pub trait Term: TermObject {
    /// Its name, and that of the method.
    fn name(&self) -> &'static str;

    /// What the student's embedding is trained to match, in half a sentence.
    fn summary(&self) -> &'static str;

    /// Where its definition is from.
    fn source(&self) -> &'static str;

    /// All of its settings.
    fn parameters(&self) -> &'static [Parameter];

    /// What it learns from.
    fn needs(&self) -> Needs {
        Needs::of_embeddings()
    }

    /// As that of a method: what is left of it with `classes` classes, where that is less than it promises.
    fn degeneracy(&self, _classes: usize) -> Option<Degeneracy> {
        None
    }

    /// The loss over checked embeddings.
    ///
    /// # Errors
    /// [`MethodError`] for what else the term needs and `supervision` lacks.
    fn build<'a>(
        &self,
        pair: EmbeddingPair<'a>,
        supervision: Supervision<'a>,
    ) -> Result<Box<dyn Method + 'a>, MethodError>;
}

/// What a settings type has by its derives.
pub trait TermObject: fmt::Debug + Send + Sync + Any {
    /// The settings by name.
    fn to_json(&self) -> Map<String, Value>;

    /// The same term with other values; those that are left out have their defaults.
    ///
    /// # Errors
    /// [`MethodSettingsError`] for a name that the term does not have, or a value of another type.
    fn read(&self, values: Map<String, Value>) -> Result<AuxiliaryTerm, MethodSettingsError>;
}

impl<T: Term + Serialize + DeserializeOwned> TermObject for T {
    fn to_json(&self) -> Map<String, Value> {
        to_map(self)
    }

    fn read(&self, values: Map<String, Value>) -> Result<AuxiliaryTerm, MethodSettingsError> {
        Ok(serde_json::from_value::<T>(Value::Object(values))?.into())
    }
}

/// A term with its settings, to be added to a method.
///
/// As JSON or TOML an object whose key `method` holds the term's name and whose other keys are its settings.
#[derive(Clone)]
pub struct AuxiliaryTerm(Arc<dyn Term>);

impl AuxiliaryTerm {
    /// Checks the ranges that the [parameters](Term::parameters) say, for settings that were not read.
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

impl<T: Term> From<T> for AuxiliaryTerm {
    fn from(settings: T) -> Self {
        Self(Arc::new(settings))
    }
}

impl Deref for AuxiliaryTerm {
    type Target = dyn Term;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for AuxiliaryTerm {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.to_json() == other.to_json()
    }
}

impl fmt::Debug for AuxiliaryTerm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for AuxiliaryTerm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_named(self.name(), self.parameters(), &self.to_json(), serializer)
    }
}

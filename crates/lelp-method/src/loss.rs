//! The seam of methods: what one says about itself, what it needs, the loss it builds.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use lelp::{Parameter, Temperature};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::alpha::Alpha;
use super::auxiliary_term::AuxiliaryTerm;
use super::degeneracy::Degeneracy;
use super::error::{MethodError, MethodSettingsError};
use super::named_settings::to_map;
use super::needs::Needs;
use super::supervision::Supervision;
use crate::Method;

/// The settings of one method, and all that is to say about it.
///
/// A method is one file and one line of `losses/mod.rs`. Its settings type also derives `Clone`,
/// `Debug`, `Serialize` and `Deserialize` (with `deny_unknown_fields` and `default`) and implements `Default`: defaults
/// stand there and nowhere else. Names, help, ranges, recipes, flags and searches come from
/// [`parameters`](Self::parameters).
pub trait Loss: LossObject {
    /// Its name in recipes, files and on the command line.
    fn name(&self) -> &'static str;

    /// What the student is trained to match, in a line without a full stop.
    fn summary(&self) -> String;

    /// Where its definition is from; empty where it needs no source.
    fn source(&self) -> &'static str;

    /// All of its settings.
    fn parameters(&self) -> Vec<Parameter>;

    /// What it learns from, the labels apart that `alpha` asks for.
    fn needs(&self) -> Needs;

    /// Weight of the labels' cross-entropy; what is learned of the teacher's outputs has the rest.
    fn alpha(&self) -> Alpha;

    /// Softens teacher and student alike; 1 for methods that soften nothing.
    fn temperature(&self) -> Temperature {
        Temperature::default()
    }

    /// Outputs of each class; 1 where only the data says how many, as long as it has not been asked.
    fn subclasses(&self) -> usize {
        1
    }

    /// What is left of it with `classes` classes, where that is less than it promises.
    ///
    /// Each case follows from the definition of the loss and is measured on its gradient by the conformance tests.
    fn degeneracy(&self, _classes: usize) -> Option<Degeneracy> {
        None
    }

    /// Whether a search also tries half and twice the epochs: for a method without a teacher, which has little else.
    fn searches_epochs(&self) -> bool {
        false
    }

    /// The term on embeddings that it adds to its loss of outputs.
    fn term(&self) -> Option<AuxiliaryTerm> {
        None
    }

    /// The same with the number of subclasses that the data came to, for a method that leaves it open.
    fn with_found_subclasses(&self, _subclasses: usize) -> Option<MethodSettings> {
        None
    }

    /// The loss of the student's outputs against the teacher's, without labels; none for labels alone.
    ///
    /// # Errors
    /// [`MethodError`] for what the method needs and `supervision` lacks.
    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError>;
}

/// What a settings type has by its derives.
pub trait LossObject: fmt::Debug + Send + Sync + Any {
    /// The settings by name.
    fn to_json(&self) -> Map<String, Value>;

    /// The same method with other values; those that are left out have their defaults.
    ///
    /// # Errors
    /// [`MethodSettingsError`] for a name that the method does not have, or a value of another type.
    fn read(&self, values: Map<String, Value>) -> Result<MethodSettings, MethodSettingsError>;
}

impl<T: Loss + Serialize + DeserializeOwned> LossObject for T {
    fn to_json(&self) -> Map<String, Value> {
        to_map(self)
    }

    fn read(&self, values: Map<String, Value>) -> Result<MethodSettings, MethodSettingsError> {
        Ok(serde_json::from_value::<T>(Value::Object(values))?.into())
    }
}

/// A method with its settings.
///
/// As JSON or TOML an object whose key `method` holds the method's name and whose other keys are its settings; settings
/// that are left out have their defaults, and unknown ones are refused.
#[derive(Clone)]
pub struct MethodSettings(pub(crate) Arc<dyn Loss>);

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

//! `kd` and a term on embeddings: one method for every term.

use lelp::{Parameter, Search, Temperature};
use serde_json::{Map, Value};

use super::kd::KdSettings;
use crate::Method;
use crate::alpha::Alpha;
use crate::auxiliary_term::AuxiliaryTerm;
use crate::degeneracy::Degeneracy;
use crate::error::{MethodError, MethodSettingsError};
use crate::loss::{Loss, LossObject, MethodSettings};
use crate::named_settings::to_map;
use crate::needs::Needs;
use crate::supervision::Supervision;

/// Settings of a method that holds the outputs against the teacher's as `kd` does, and the embedding by a term. In a
/// file both stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct KdWithTerm {
    /// What the outputs are held against.
    pub kd: KdSettings,
    /// What the embedding is held against.
    pub term: AuxiliaryTerm,
}

impl KdWithTerm {
    /// A term, with the defaults of `kd`.
    pub fn new(term: impl Into<AuxiliaryTerm>) -> Self {
        Self { kd: KdSettings::default(), term: term.into() }
    }
}

impl Loss for KdWithTerm {
    fn name(&self) -> &'static str {
        self.term.name()
    }

    fn summary(&self) -> String {
        format!("`{}`, and {}", self.kd.name(), self.term.summary())
    }

    fn source(&self) -> &'static str {
        self.term.source()
    }

    fn parameters(&self) -> Vec<Parameter> {
        // A search looks at the term: the rest is `kd`.
        let of_kd = self.kd.parameters().into_iter().map(|parameter| parameter.searched(Search::Fixed));
        of_kd.chain(self.term.parameters().iter().copied()).collect()
    }

    fn needs(&self) -> Needs {
        self.kd.needs()
    }

    fn alpha(&self) -> Alpha {
        self.kd.alpha
    }

    fn temperature(&self) -> Temperature {
        self.kd.temperature
    }

    fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        self.term.degeneracy(classes)
    }

    fn term(&self) -> Option<AuxiliaryTerm> {
        Some(self.term.clone())
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        self.kd.build_for(self.name(), supervision)
    }
}

impl LossObject for KdWithTerm {
    fn to_json(&self) -> Map<String, Value> {
        let mut settings = to_map(&self.kd);
        settings.extend(self.term.to_json());
        settings
    }

    fn read(&self, values: Map<String, Value>) -> Result<MethodSettings, MethodSettingsError> {
        let is_of_term = |name: &str| self.term.parameters().iter().any(|parameter| parameter.name == name);
        let (of_term, of_kd) = values.into_iter().partition::<Map<_, _>, _>(|(name, _)| is_of_term(name));
        let kd = serde_json::from_value(Value::Object(of_kd))?;
        Ok(Self { kd, term: self.term.read(of_term)? }.into())
    }
}

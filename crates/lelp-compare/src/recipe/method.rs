//! The methods of a recipe.

use std::collections::{BTreeMap, BTreeSet};

use lelp_method::{MethodSettings, Objective};
use lelp_train::students::StudentSettings;
use lelp_train::training::TrainSettings;
use serde::Deserialize;
use serde::de::Error;
use toml::{Table, Value};

use super::ComparisonRecipeError;
use super::table::take;
use crate::auto::{AUTO, AutoSpec};
use crate::space::{Dimension, SearchSpace, Trial, default_space, trials};

/// The setting that classes of few rows limit.
const SUBCLASSES: &str = "subclasses";

/// A method, and what its search goes over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct MethodEntry {
    /// Its name in tables.
    pub name: String,
    /// Its settings where the search does not change them.
    pub method: Objective,
    /// Settings that were given, and are not searched.
    pub given: BTreeSet<String>,
    /// What is searched otherwise than by default.
    pub search: SearchSpace,
    /// Whether it runs although it means nothing on the data.
    pub force: bool,
    /// A student of its own, in place of the table's: a baseline beside the others.
    pub model: Option<StudentSettings>,
    /// What is chosen for each data set and student by a race, in place of the search.
    pub auto: Option<AutoSpec>,
}

impl From<MethodSettings> for MethodEntry {
    fn from(method: MethodSettings) -> Self {
        Self {
            name: method.name().to_owned(),
            method: method.into(),
            given: BTreeSet::new(),
            search: SearchSpace::new(),
            force: false,
            model: None,
            auto: None,
        }
    }
}

impl MethodEntry {
    /// Whether it has no trials of its own: a search chooses all of it, or it is taken as it is.
    #[must_use]
    pub fn has_no_trials(&self) -> bool {
        self.auto.is_some() || self.model.is_some()
    }

    /// The trials of its search for a student that is trained by `train`, on data whose classes can have `most` subclasses:
    /// no larger number of them is drawn.
    pub fn trials(
        &self,
        train: &TrainSettings,
        count: usize,
        most: usize,
    ) -> Result<Vec<Trial>, ComparisonRecipeError> {
        let name = || self.name.clone();
        self.method.check().map_err(|source| ComparisonRecipeError::Method { name: name(), source })?;
        let mut space = default_space(&self.method.base, train);
        space.retain(|setting, _| !self.given.contains(setting));
        space.extend(self.search.clone());
        let wrong = |source| ComparisonRecipeError::SearchSpace { name: name(), source };
        let mut first = Trial { method: self.method.clone(), train: *train };
        if let Some(dimension) = space.get_mut(SUBCLASSES) {
            dimension.limit(most);
            // The method's own number, where nobody asked for it.
            if self.method.base.subclasses() > most {
                first = first
                    .set(SUBCLASSES, Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)))
                    .map_err(wrong)?;
            }
        }
        trials(&first, &space, count).map_err(wrong)
    }
}

impl TryFrom<Table> for MethodEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: Option<String> = take(&mut table, "name")?;
        let search: Option<BTreeMap<String, Dimension>> = take(&mut table, "search")?;
        let force: Option<bool> = take(&mut table, "force")?;
        let model: Option<StudentSettings> = take(&mut table, "model")?;
        AutoSpec::check_method(&table).map_err(Self::Error::custom)?;
        let auto = AutoSpec::take(&mut table);
        let given = table.keys().filter(|key| !["method", "add"].contains(&key.as_str())).cloned().collect();
        let method: Objective = Value::Table(table).try_into()?;
        let default_name = match &auto {
            Some(AutoSpec::Method { .. }) => AUTO.to_owned(),
            Some(AutoSpec::Split { .. }) | None => method.name(),
        };
        Ok(Self {
            name: name.unwrap_or(default_name),
            method,
            given,
            search: search.unwrap_or_default(),
            force: force.unwrap_or_default(),
            model,
            auto,
        })
    }
}

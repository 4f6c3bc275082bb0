//! The students of a recipe.

use std::collections::BTreeSet;

use lelp_train::students::StudentSettings;
use lelp_train::training::TrainSettings;
use serde::Deserialize;
use toml::{Table, Value};

use super::table::{completed, take};

/// A student.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct StudentEntry {
    /// Its name in tables.
    pub name: String,
    /// What it is.
    pub model: StudentSettings,
    /// Names of the settings of it and of its training that were given, which `auto` leaves as they are.
    pub given: BTreeSet<String>,
    /// How it is trained.
    pub train: TrainSettings,
}

impl TryFrom<Table> for StudentEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: Option<String> = take(&mut table, "name")?;
        let train: Option<Table> = take(&mut table, "train")?;
        let given = table.keys().chain(train.iter().flat_map(Table::keys)).cloned().collect();
        let model: StudentSettings = Value::Table(table).try_into()?;
        let train = completed(train, (model.kind().training)()).try_into()?;
        Ok(Self { name: name.unwrap_or_else(|| model.kind().name.to_owned()), model, given, train })
    }
}

//! The students of a recipe.

use std::path::Path;

use lelp_train::distill::StudentSettings;
use lelp_train::training::TrainSettings;
use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

use super::table::{completed, take};

/// A student.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct StudentEntry {
    /// Its name in tables.
    pub name: String,
    /// What it is; without the folder of [`InitialLayers::Teacher`].
    pub model: StudentSettings,
    /// What an encoder takes its layers from.
    pub layers: InitialLayers,
    /// How it is trained.
    pub train: TrainSettings,
}

/// What an encoder student takes its layers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialLayers {
    /// What its own settings say.
    Settings,
    /// The teacher of the comparison: `from = "{teacher}"` in a recipe.
    Teacher,
}

impl InitialLayers {
    /// The folder that stands for the teacher's.
    const TEACHER: &str = "{teacher}";

    /// Takes `from` out of a student's table, where it stands for the teacher.
    fn take(table: &mut Table) -> Self {
        if table.get("from").and_then(Value::as_str) == Some(Self::TEACHER) {
            table.remove("from");
            return Self::Teacher;
        }
        Self::Settings
    }
}

/// A student takes its layers from a teacher that has no folder.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "student `{student}` takes its layers from the teacher, and teacher `{teacher}` is known by its signals alone"
)]
pub struct NoTeacherFolder {
    /// The student.
    pub student: String,
    /// The teacher.
    pub teacher: String,
}

impl StudentEntry {
    /// What the student is beside the teacher called `teacher`, in `folder` if it has one.
    pub fn settings(&self, teacher: &str, folder: Option<&Path>) -> Result<StudentSettings, NoTeacherFolder> {
        let mut settings = self.model.clone();
        if let (StudentSettings::Encoder(options), InitialLayers::Teacher) = (&mut settings, self.layers) {
            let missing = || NoTeacherFolder { student: self.name.clone(), teacher: teacher.to_owned() };
            folder.ok_or_else(missing)?.clone_into(&mut options.from);
        }
        Ok(settings)
    }
}

impl TryFrom<Table> for StudentEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: Option<String> = take(&mut table, "name")?;
        let train: Option<Table> = take(&mut table, "train")?;
        let layers = InitialLayers::take(&mut table);
        let model: StudentSettings = Value::Table(table).try_into()?;
        let train = completed(train, model.training()).try_into()?;
        Ok(Self { name: name.unwrap_or_else(|| model.name().to_owned()), model, layers, train })
    }
}

//! Everything that decides what a student becomes, as one value: a recipe reads it and `run.json` records it.

use std::path::PathBuf;

use lelp_data::ColumnSettings;
use lelp_method::Objective;
use serde::{Deserialize, Serialize};

use super::settings_table::{SettingsTable, SettingsTableError};
use crate::students::StudentSettings;
use crate::training::TrainSettings;

/// Settings of a distillation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillSettings {
    /// A folder with `train`, `validation` and `test` files, or a single file.
    pub data: PathBuf,
    /// The teacher's signals on the training file; `ce` does without.
    pub signals: Option<PathBuf>,
    /// Names of the columns.
    #[serde(default)]
    pub columns: ColumnSettings,
    /// What the student is trained to match.
    pub distill: Objective,
    /// What the student is.
    #[serde(default)]
    pub model: StudentSettings,
    /// How it is trained.
    #[serde(default)]
    pub train: TrainSettings,
}

impl DistillSettings {
    /// The settings of a recipe; what it leaves open of its `train` table takes the defaults of its kind of student.
    pub fn read(mut table: SettingsTable) -> Result<Self, SettingsTableError> {
        let student: StudentSettings = table.section("model")?.unwrap_or_default();
        table.fill("train", &(student.kind().training)());
        table.settings()
    }
}

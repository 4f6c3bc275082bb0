//! Everything that decides what a student becomes, as one value: a recipe reads it and `run.json` records it.

use std::path::PathBuf;

use lelp_data::ColumnSettings;
use lelp_method::Objective;
use serde::{Deserialize, Serialize};

use super::ClassWeights;
use super::settings_table::{SettingsTable, SettingsTableError};
use crate::students::StudentSettings;
use crate::training::TrainSettings;

/// Settings of a distillation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillSettings {
    /// A folder with `train`, `validation` and `test` files, or a single file.
    pub data: PathBuf,
    /// The teacher's folder: asked for its signals where none are given, and what encoder students are made of.
    #[serde(default)]
    pub teacher: Option<PathBuf>,
    /// The teacher's signals on the training file; `ce` does without.
    pub signals: Option<PathBuf>,
    /// Files of further training rows without labels, which the teacher answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlabelled: Vec<PathBuf>,
    /// What one of them counts where a row of the training file counts 1.
    #[serde(default = "one")]
    pub unlabelled_weight: f64,
    /// Signals whose embeddings classes are split by in place of the teacher's, on the same training file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_signals: Option<PathBuf>,
    /// Frozen encoder whose embeddings classes are split by in place of the teacher's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_encoder: Option<PathBuf>,
    /// What the rows of each class weigh in the loss.
    #[serde(default, skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
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

fn one() -> f64 {
    1.0
}

impl DistillSettings {
    /// The settings of a recipe; what it leaves open of its `train` table takes the defaults of its kind of student.
    pub fn read(mut table: SettingsTable) -> Result<Self, SettingsTableError> {
        let student: StudentSettings = table.section("model")?.unwrap_or_default();
        table.fill("train", &(student.kind().training)());
        table.settings()
    }
}

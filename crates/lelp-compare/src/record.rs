//! `results.jsonl`: what a comparison has found so far, a line each.
//!
//! A line is written when its work is done, so that a comparison that was stopped goes on behind the last one. Lines of
//! one kind can come in any order; of two lines with one key the later one counts.

use std::path::PathBuf;

use lelp_data::ColumnSettings;
use lelp_data::storage::sha256;
use lelp_method::Objective;
use lelp_train::evaluate::Report;
use lelp_train::students::StudentSettings;
use lelp_train::training::{EpochRecord, TrainSettings, ValidationRecord};
use serde::{Deserialize, Serialize};

use crate::auto::AutoResult;
use crate::correct_rows::CorrectRows;

/// A line of `results.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// What is compared: the first line.
    Recipe(RecipeRecord),
    /// A data set with a teacher.
    Teacher(TeacherRecord),
    /// What was chosen where the recipe says `auto`.
    AutoSearch(AutoRecord),
    /// A choice of an earlier version, which counts no more.
    #[serde(rename = "auto")]
    EarlierAuto(serde_json::Value),
    /// A trial of the search for settings.
    Trial(TrialRecord),
    /// A student with the settings that the search chose, for one seed.
    Student(StudentRecord),
    /// A cell that failed.
    Failed(FailedRecord),
}

/// The recipe of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecipeRecord {
    /// Version of lelp.
    pub version: String,
    /// SHA-256 of the recipe.
    pub hash: String,
    /// The recipe itself.
    pub recipe: serde_json::Value,
    /// The method that the others are compared with.
    pub baseline: String,
    /// Trials of every search.
    pub trials: usize,
    /// Students of each trial.
    #[serde(default = "one")]
    pub search_seeds: u64,
    /// Seeds of the students that are reported.
    pub seeds: Vec<u64>,
    /// Names of the methods, in the recipe's order.
    pub methods: Vec<String>,
}

/// What a file without a number of search seeds was searched with.
fn one() -> u64 {
    1
}

/// What a row of cells is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// Name of the data set.
    pub data: String,
    /// Name of the teacher.
    pub teacher: String,
    /// Name of the student.
    pub student: String,
}

/// A data set and what a teacher makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TeacherRecord {
    /// Name of the data set.
    pub data: String,
    /// Name of the teacher.
    pub teacher: String,
    /// Where the data set was.
    pub path: PathBuf,
    /// Names of its columns.
    #[serde(default)]
    pub columns: ColumnSettings,
    /// Where its signals on the training file are.
    pub signals: PathBuf,
    /// Where the signals are whose embeddings classes are split by, where those are not the teacher's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_signals: Option<PathBuf>,
    /// Hash of the teacher.
    pub teacher_hash: Option<String>,
    /// Hash of the training texts.
    pub data_hash: String,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// Training rows, held-out ones apart.
    pub train_rows: usize,
    /// Training rows with a label.
    pub labelled_rows: usize,
    /// Rows that settings are chosen on.
    pub validation_rows: usize,
    /// Its own answers to the test rows, where it can be asked.
    pub test: Option<Report>,
    /// The test rows answered with the most frequent class of the training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub majority: Option<MajorityRecord>,
}

/// What it is worth to answer every row with the most frequent class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MajorityRecord {
    /// The class.
    pub class: String,
    /// Share of test rows that are right.
    pub accuracy: f64,
    /// Mean of the classes' F1.
    pub macro_f1: f64,
}

/// Method and student for one seed, chosen where the recipe says `auto`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutoRecord {
    /// What decides the result: SHA-256 of data, teacher, what was left open and the settings beside it.
    pub key: String,
    /// Data set, teacher, student.
    #[serde(flatten)]
    pub setting: Setting,
    /// Name of the method.
    pub method: String,
    /// Seed of the student, which has a search of its own.
    pub seed: u64,
    /// What was chosen.
    pub result: AutoResult,
}

/// Settings that were tried, and their score on the validation rows: the mean over the recipe's search seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// What decides the result: SHA-256 of data, teacher, student, method and settings.
    pub key: String,
    /// Data set, teacher, student.
    #[serde(flatten)]
    pub setting: Setting,
    /// Name of the method.
    pub method: String,
    /// Number of the trial, from 0; that is the recipe's own settings.
    pub trial: usize,
    /// The method's settings.
    pub distill: Objective,
    /// The training's settings.
    pub train: TrainSettings,
    /// Score of the best epoch.
    pub validation: ValidationRecord,
    /// Seconds of training.
    pub seconds: f64,
}

/// A student with the chosen settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudentRecord {
    /// What decides the result: SHA-256 of data, teacher, student, method, settings and seed.
    pub key: String,
    /// Data set, teacher, student.
    #[serde(flatten)]
    pub setting: Setting,
    /// Name of the method.
    pub method: String,
    /// Seed of parameters, order and split.
    pub seed: u64,
    /// The method's settings.
    pub distill: Objective,
    /// The student's settings, where the recipe leaves them open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<StudentSettings>,
    /// The training's settings.
    pub train: TrainSettings,
    /// Score of the best epoch.
    pub validation: ValidationRecord,
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
    /// Figures on the test rows, which were read once.
    pub test: Report,
    /// Which labelled test rows it answers correctly.
    pub correct: CorrectRows,
    /// Seconds of training.
    pub seconds: f64,
    /// Bytes of its folder.
    pub bytes: u64,
}

/// Which part of a cell failed, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedRecord {
    /// As the key of the trial or student that it would have been.
    pub key: String,
    /// Data set, teacher, student.
    #[serde(flatten)]
    pub setting: Setting,
    /// Name of the method.
    pub method: String,
    /// The error, with its causes.
    pub error: String,
    /// Whether the method means nothing on this data, which is no failure of the run.
    pub refused: bool,
}

impl FailedRecord {
    /// The key of what keeps a whole method from running.
    #[must_use]
    pub fn key_of(setting: &Setting, method: &str) -> String {
        let Setting { data, teacher, student } = setting;
        sha256(format!("{data}\n{teacher}\n{student}\n{method}").as_bytes())
    }
}

//! Everything a page shows of a run, whatever kind of folder it was read from.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use lelp::ErrorChain;
use lelp_compare::record::{FailedRecord, Setting};
use lelp_compare::summary::Difference;
use lelp_model::CascadeChoice;
use lelp_train::evaluate::Report;
use lelp_train::training::{EpochRecord, ValidationRecord};
use serde_json::Value;

use crate::analysis::EmbeddingAnalysis;

/// The results of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// Kind of folder it was read from.
    pub kind: RunKind,
    /// The folder, as the caller gave it.
    pub folder: PathBuf,
    /// Name of the method that the others are compared with.
    pub baseline: Option<String>,
    /// Results, one group for each combination of data set, teacher and student.
    pub groups: Vec<ResultGroup>,
    /// How sure the student must be to answer in its teacher's place, where that was chosen.
    pub cascade: Option<CascadeChoice>,
    /// Analyses of the teachers' embeddings.
    pub analyses: Vec<EmbeddingAnalysis>,
    /// Cells of a comparison that failed.
    pub failures: Vec<FailedRecord>,
    /// All settings and hashes.
    pub settings: Vec<SettingsSection>,
    /// Parts that a page could have had and does not, with the reason.
    pub omissions: Vec<Omission>,
}

/// Kind of a run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// One student and the settings it was trained with.
    Student,
    /// Several methods, each with several seeds.
    Comparison,
}

impl RunKind {
    /// Its name on a page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Comparison => "comparison",
        }
    }
}

/// Results of all methods on one data set, with one teacher and one kind of student.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultGroup {
    /// Names of data set, teacher and student.
    pub setting: Setting,
    /// The teacher's own metrics on the test rows.
    pub teacher: Option<Report>,
    /// Each method.
    pub methods: Vec<MethodResult>,
}

/// Results of one method in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodResult {
    /// Its name.
    pub method: String,
    /// One student for each seed.
    pub runs: Vec<SeedRun>,
    /// Trials of the search for its settings.
    pub trials: Vec<TrialResult>,
    /// Size of a student's files in bytes.
    pub bytes: Option<u64>,
    /// Difference in accuracy to the baseline, with its p-values.
    pub against_baseline: Option<Difference>,
}

/// A student trained with one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedRun {
    /// The seed.
    pub seed: u64,
    /// Metrics on the test rows.
    pub test: Option<Report>,
    /// Records of its epochs; empty where they were not kept.
    pub epochs: Vec<EpochRecord>,
}

/// One trial of a search for settings.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialResult {
    /// Its number, from 0.
    pub number: usize,
    /// Settings of method and training, by name.
    pub settings: BTreeMap<String, Value>,
    /// Score on the validation rows.
    pub validation: ValidationRecord,
}

/// Settings under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsSection {
    /// The heading.
    pub heading: String,
    /// The settings.
    pub values: Value,
}

/// A part of a page that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// The part.
    pub part: String,
    /// The reason, an error and its sources.
    pub reason: String,
}

impl RunReport {
    /// A report without results.
    #[must_use]
    pub fn new(kind: RunKind, folder: PathBuf) -> Self {
        Self {
            kind,
            folder,
            baseline: None,
            groups: Vec::new(),
            cascade: None,
            analyses: Vec::new(),
            failures: Vec::new(),
            settings: Vec::new(),
            omissions: Vec::new(),
        }
    }

    /// Records that `part` is left out, and why.
    pub fn omit(&mut self, part: impl Into<String>, reason: &(dyn Error + 'static)) {
        self.omissions.push(Omission { part: part.into(), reason: ErrorChain(reason).to_string() });
    }
}

impl MethodResult {
    /// The test metrics of the seeds that have them.
    pub fn tests(&self) -> impl Iterator<Item = &Report> {
        self.runs.iter().filter_map(|run| run.test.as_ref())
    }

    /// One metric of each seed's test report.
    #[must_use]
    pub fn metric(&self, metric: impl Fn(&Report) -> f64) -> Vec<f64> {
        self.tests().map(metric).collect()
    }
}

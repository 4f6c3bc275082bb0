//! What there is to tell of a run, whatever its folder looks like.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lelp_compare::record::{FailedRecord, Setting};
use lelp_compare::summary::Difference;
use lelp_train::evaluate::Report;
use lelp_train::training::{EpochRecord, ValidationRecord};
use serde_json::Value;

use crate::look::Look;

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// What kind of folder it was read from.
    pub kind: Kind,
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// The method that others are held against.
    pub baseline: Option<String>,
    /// Results, a group for each data set, teacher and student.
    pub groups: Vec<Group>,
    /// What the teachers' embeddings look like.
    pub looks: Vec<Look>,
    /// Cells that came to nothing.
    pub failures: Vec<FailedRecord>,
    /// All settings and hashes.
    pub settings: Vec<Settings>,
    /// What a page could have shown and does not.
    pub left_out: Vec<LeftOut>,
}

/// Kind of a run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One student, of `lelp distill`.
    Student,
    /// Many, of `lelp compare` or `lelp quickstart`.
    Comparison,
}

impl Kind {
    /// As a page calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Comparison => "comparison",
        }
    }
}

/// Methods on one data set, with one teacher and one student.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Data set, teacher, student.
    pub setting: Setting,
    /// The teacher's own figures on the test rows.
    pub teacher: Option<Report>,
    /// What each method came to.
    pub methods: Vec<MethodResult>,
}

/// What a method came to.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodResult {
    /// Its name.
    pub method: String,
    /// A run for each seed.
    pub runs: Vec<Run>,
    /// The search for its settings.
    pub trials: Vec<Trial>,
    /// Bytes of a student's folder.
    pub bytes: Option<u64>,
    /// What it has right beyond the baseline, and whether that may be luck.
    pub against_baseline: Option<Difference>,
}

/// A student of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// Figures on the test rows.
    pub test: Option<Report>,
    /// Every epoch, where they were kept.
    pub epochs: Vec<EpochRecord>,
}

/// Settings that were tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its number, from 0.
    pub number: usize,
    /// Settings by name, those of method and training.
    pub settings: BTreeMap<String, Value>,
    /// Score on the validation rows.
    pub validation: ValidationRecord,
}

/// Settings under a heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What they are of.
    pub heading: String,
    /// The settings.
    pub values: Value,
}

/// A part of a page that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why, in words that read on from it.
    pub why: String,
}

impl Story {
    /// A run of which nothing is known yet.
    #[must_use]
    pub fn new(kind: Kind, folder: PathBuf) -> Self {
        Self {
            kind,
            folder,
            baseline: None,
            groups: Vec::new(),
            looks: Vec::new(),
            failures: Vec::new(),
            settings: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Notes that `what` is left out.
    pub fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
    }
}

impl MethodResult {
    /// The figures on the test rows that there are.
    pub fn tests(&self) -> impl Iterator<Item = &Report> {
        self.runs.iter().filter_map(|run| run.test.as_ref())
    }

    /// A figure of each seed's test.
    #[must_use]
    pub fn figures(&self, figure: impl Fn(&Report) -> f64) -> Vec<f64> {
        self.tests().map(figure).collect()
    }
}

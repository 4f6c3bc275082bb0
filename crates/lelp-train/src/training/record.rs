//! What the training loop tells as it goes.

use serde::{Deserialize, Serialize};

use super::evaluate::{Score, ValidationMetric};
use lelp_method::TermSum;

/// Something happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A batch is done.
    Batch {
        /// Epoch, from 1.
        epoch: usize,
        /// Training rows done in this epoch.
        done: usize,
        /// Training rows of an epoch.
        rows: usize,
        /// Learning rate of the batch.
        learning_rate: f32,
        /// Names of the unweighted terms of the loss.
        terms: &'a [&'static str],
        /// The terms added up over the epoch so far.
        sums: &'a [TermSum],
    },
    /// The training goes on from a checkpoint.
    Resumed {
        /// Epoch, from 1.
        epoch: usize,
        /// Rows of it that are done.
        done: usize,
    },
    /// An epoch is done.
    Epoch(&'a EpochRecord),
}

/// One epoch: a line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Learning rate at the end of the epoch.
    pub learning_rate: f32,
    /// Unweighted terms of the loss.
    pub terms: Vec<TermRecord>,
    /// Score on the validation set, where there is one.
    pub validation: Option<ValidationRecord>,
    /// Whether this epoch's parameters are the best so far.
    pub best: bool,
    /// Seconds of training, validation apart.
    pub seconds: f64,
    /// Training rows a second, validation apart.
    pub examples_per_second: f64,
}

impl EpochRecord {
    /// The line of `metrics.jsonl`, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("numbers and words are JSON")
    }
}

/// An unweighted term of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermRecord {
    /// Its name.
    pub name: String,
    /// Mean over the rows that have it.
    pub mean: f64,
    /// Rows that have it.
    pub rows: usize,
}

/// A score on the validation set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValidationRecord {
    /// What the rows were compared with.
    pub metric: ValidationMetric,
    /// Share of rows whose class is right.
    pub value: f64,
    /// Mean negative log-likelihood of the right class.
    pub negative_log_likelihood: f64,
    /// What epochs and settings are chosen by, where that is not `value`; larger is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<f64>,
    /// Whether all rows got one class, though not all of them are of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_class: bool,
}

impl ValidationRecord {
    /// A score on rows that were compared with `metric`.
    pub(crate) fn of(score: Score, metric: ValidationMetric) -> Self {
        let Score { right: value, negative_log_likelihood, selected, one_class } = score;
        Self { metric, value, negative_log_likelihood, selected, one_class }
    }

    /// What is to be large.
    #[must_use]
    pub fn key(&self) -> f64 {
        self.selected.unwrap_or(self.value)
    }
}

/// How training went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainReport {
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose parameters the student has now, from 1.
    pub best_epoch: usize,
    /// Training rows that the method learned from.
    pub rows: usize,
    /// Seconds, validation included.
    pub seconds: f64,
    /// Which validation rows it answers rightly, in their order; none where there are no such rows, or where the best epoch
    /// was over before the checkpoint that this training went on from.
    #[serde(skip)]
    pub right: Option<Vec<bool>>,
}

impl TrainReport {
    /// `metrics.jsonl`: a line for every epoch.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.epochs.iter().map(|epoch| epoch.line() + "\n").collect()
    }

    /// The epoch whose parameters were kept.
    #[must_use]
    pub fn best(&self) -> Option<&EpochRecord> {
        self.epochs.get(self.best_epoch.checked_sub(1)?)
    }
}

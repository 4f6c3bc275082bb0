//! Scores on the validation set.

use lelp::metrics::{Evaluation, MetricsError};
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::selection::SelectionMetric;
use super::trainable::Trainable;
use lelp_method::SHARD_ROWS;

/// What a validation set is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationMetric {
    /// Labels.
    Accuracy,
    /// The teacher's classes, where there are no labels.
    Agreement,
}

impl ValidationMetric {
    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Agreement => "agreement",
        }
    }
}

impl fmt::Display for ValidationMetric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Accuracy => "accuracy",
            Self::Agreement => "agreement with the teacher",
        })
    }
}

/// A validation set.
#[derive(Debug, Clone, Copy)]
pub struct Validation<'a, I: ?Sized> {
    /// Its inputs.
    pub inputs: &'a I,
    /// The right class of every row: its label, or where there are no labels the teacher's class.
    pub labels: &'a [u32],
    /// Which of the two they are.
    pub metric: ValidationMetric,
}

/// A score: larger by what is selected for is better, by the share of right rows where nothing is; among equals, a smaller
/// negative log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of rows whose class is right.
    pub right: f64,
    /// Mean negative log-likelihood of the right classes.
    pub negative_log_likelihood: f64,
    /// What is selected for in place of the share of right rows; larger is better.
    #[serde(default)]
    pub selected: Option<f64>,
    /// Whether all rows got one class, though not all of them are of it.
    #[serde(default)]
    pub one_class: bool,
}

impl Score {
    /// What is to be large.
    fn key(&self) -> f64 {
        self.selected.unwrap_or(self.right)
    }

    /// Whether this score is better than `other`.
    #[must_use]
    pub fn beats(&self, other: &Self) -> bool {
        let likelier = self.negative_log_likelihood < other.negative_log_likelihood;
        self.key() > other.key() || (self.key() >= other.key() && likelier)
    }
}

/// The score of `student` on a validation set, and which rows it answers rightly; `subclasses` outputs belong to each
/// class.
pub(super) fn evaluate<I, S>(
    student: &S,
    validation: &Validation<'_, I>,
    subclasses: usize,
    select: SelectionMetric,
) -> Result<(Score, Vec<bool>), MetricsError>
where
    I: ?Sized + Sync,
    S: Trainable<I>,
{
    let width = student.outputs();
    let mut outputs = vec![0.0; validation.labels.len() * width];
    outputs.par_chunks_mut(SHARD_ROWS * width).enumerate().for_each(|(shard, outputs)| {
        student.forward(validation.inputs, shard * SHARD_ROWS, outputs);
    });
    let classes = width / subclasses;
    let logits = lelp::collapse(&outputs, classes, subclasses)?;
    score(&logits, classes, validation.labels, select)
}

/// The score of answers `[rows, classes]` by what is selected for, and which of them are right.
pub(crate) fn score(
    logits: &[f32],
    classes: usize,
    labels: &[u32],
    select: SelectionMetric,
) -> Result<(Score, Vec<bool>), MetricsError> {
    let evaluation = Evaluation::from_logits(logits, classes, labels)?;
    let answers: Vec<usize> = logits.chunks_exact(classes).map(lelp::argmax).collect();
    let right: Vec<bool> =
        answers.iter().zip(labels).map(|(&answer, &label)| answer == label as usize).collect();
    let alike = answers.windows(2).all(|pair| pair[0] == pair[1]);
    let score = Score {
        right: evaluation.accuracy(),
        negative_log_likelihood: evaluation.negative_log_likelihood(),
        selected: select.value(&evaluation),
        one_class: alike && right.contains(&false),
    };
    Ok((score, right))
}

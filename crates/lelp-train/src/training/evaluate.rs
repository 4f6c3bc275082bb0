//! Scores on the validation set.

use lelp::metrics::{Evaluation, MetricsError};
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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

/// A score: a larger share of right rows is better; among equals, a smaller negative log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of rows whose class is right.
    pub right: f64,
    /// Mean negative log-likelihood of the right classes.
    pub negative_log_likelihood: f64,
}

impl Score {
    /// Whether this score is better than `other`.
    #[must_use]
    pub fn beats(&self, other: &Self) -> bool {
        let likelier = self.negative_log_likelihood < other.negative_log_likelihood;
        self.right > other.right || (self.right >= other.right && likelier)
    }
}

/// The score of `student` on a validation set, and which rows it answers rightly; `subclasses` outputs belong to each
/// class.
pub(super) fn evaluate<I, S>(
    student: &S,
    validation: &Validation<'_, I>,
    subclasses: usize,
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
    let evaluation = Evaluation::from_logits(&logits, classes, validation.labels)?;
    let score =
        Score { right: evaluation.accuracy(), negative_log_likelihood: evaluation.negative_log_likelihood() };
    let rows = logits.chunks_exact(classes).zip(validation.labels);
    Ok((score, rows.map(|(logits, &class)| lelp::argmax(logits) == class as usize).collect()))
}

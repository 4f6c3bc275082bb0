//! Scores on the validation set.

use rayon::prelude::*;
use serde::Serialize;

use crate::model::{SHARD_ROWS, Student};

/// What a validation set is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationMetric {
    /// Labels.
    Accuracy,
    /// The teacher's classes, where there are no labels.
    Agreement,
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

/// A score: more rows right is better; among equals, a smaller negative log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Rows whose class is right.
    pub right: usize,
    /// Sum of negative log-likelihoods of the right classes.
    pub negative_log_likelihood: f64,
}

impl Score {
    /// Whether this score is better than `other`.
    #[must_use]
    pub fn beats(&self, other: &Self) -> bool {
        let less = self.negative_log_likelihood < other.negative_log_likelihood;
        self.right > other.right || (self.right == other.right && less)
    }
}

/// Scores `student` on a validation set; `subclasses` outputs belong to each class.
pub(super) fn evaluate<I, S>(student: &S, validation: &Validation<'_, I>, subclasses: usize) -> Score
where
    I: ?Sized + Sync,
    S: Student<I>,
{
    let width = student.outputs();
    let parts: Vec<Score> = validation
        .labels
        .par_chunks(SHARD_ROWS)
        .enumerate()
        .map(|(shard, labels)| {
            let mut outputs = vec![0.0; labels.len() * width];
            student.forward(validation.inputs, shard * SHARD_ROWS, &mut outputs);
            score(&outputs, labels, width, subclasses)
        })
        .collect();
    let none = Score { right: 0, negative_log_likelihood: 0.0 };
    parts.iter().fold(none, |sum, part| Score {
        right: sum.right + part.right,
        negative_log_likelihood: sum.negative_log_likelihood + part.negative_log_likelihood,
    })
}

fn score(outputs: &[f32], labels: &[u32], width: usize, subclasses: usize) -> Score {
    let mut score = Score { right: 0, negative_log_likelihood: 0.0 };
    for (outputs, &label) in outputs.chunks_exact(width).zip(labels) {
        let logits: Vec<f64> = outputs.chunks_exact(subclasses).map(log_sum_exp).collect();
        let mut class = 0;
        for candidate in 1..logits.len() {
            if logits[candidate] > logits[class] {
                class = candidate;
            }
        }
        score.right += usize::from(class == label as usize);
        score.negative_log_likelihood += log_sum_exp(outputs) - logits[label as usize];
    }
    score
}

fn log_sum_exp(values: &[f32]) -> f64 {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    f64::from(most) + values.iter().map(|value| f64::from(value - most).exp()).sum::<f64>().ln()
}

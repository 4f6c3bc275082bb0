//! Logit standardisation: distillation of the shape of the logits, not of their size.

use lelp::{Parameter, Temperature, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use super::kd::{SOFTNESS, TEMPERATURE};
use crate::alpha::{ALPHA, Alpha};
use crate::degeneracy::{Degeneracy, Severity, free_shapes};
use crate::distillation::distillation;
use crate::error::MethodError;
use crate::float::Float;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::scaled;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, RowWise, TermSum};

const PARAMETERS: [Parameter; 3] = [
    ALPHA,
    TEMPERATURE.searched(SOFTNESS),
    Parameter::new("weight", Values::Positive, "weight of the distillation"),
];

/// Settings of `lskd`.
///
/// # Source
/// Sun et al. 2024, arXiv:2403.01427, and its published settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LskdSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the standardised logits of teacher and student alike.
    pub temperature: Temperature,
    /// Weight of the distillation.
    pub weight: f64,
}

impl Default for LskdSettings {
    fn default() -> Self {
        let temperature = Temperature::new(2.0).expect("two is above 0");
        Self { alpha: Alpha::default(), temperature, weight: 9.0 }
    }
}

impl Loss for LskdSettings {
    fn name(&self) -> &'static str {
        "lskd"
    }

    fn summary(&self) -> String {
        "The teacher's probabilities from standardised logits".to_owned()
    }

    fn source(&self) -> &'static str {
        "Sun et al. 2024, arXiv:2403.01427"
    }

    fn parameters(&self) -> Vec<Parameter> {
        PARAMETERS.to_vec()
    }

    fn needs(&self) -> Needs {
        Needs::of_logits()
    }

    fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn temperature(&self) -> Temperature {
        self.temperature
    }

    fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        (free_shapes(classes) == 0).then_some(Degeneracy {
            method: self.name(),
            severity: Severity::Refused,
            why: "any two logits standardise to +-0.7071, so that only their order is left and there is no gradient",
            instead: "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
        })
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let logits = supervision.checked_logits(self.name())?;
        Ok(Some(Box::new(LskdLoss::new(logits, supervision.classes, *self))))
    }
}

/// Keeps the score of equal logits finite.
const EPSILON: f64 = 1e-7;

/// `(z - mean) / (deviation + 1e-7)` of one row, with the deviation's sum divided by `classes - 1`.
///
/// # Shapes
/// `logits`: `[classes]`; gives the scores `[classes]` and the deviation.
pub fn standardise<F: Float>(logits: &[F]) -> (Vec<f64>, f64) {
    let count = logits.len() as f64;
    let mean = scaled(logits, 1.0).sum::<f64>() / count;
    let deviation = (scaled(logits, 1.0).map(|z| (z - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    (scaled(logits, 1.0).map(|z| (z - mean) / (deviation + EPSILON)).collect(), deviation)
}

/// Distillation of one row between standardised logits: `T^2 KL(softmax(z(t) / T) || softmax(z(s) / T))`.
///
/// With two classes every pair standardises to `+-1 / sqrt 2`, whatever the logits: only their order is left, and
/// there is no gradient.
///
/// # Shapes
/// `teacher`, `outputs`, `gradient`: `[classes]`, logits. Adds `weight` times the gradient in `outputs`.
///
/// # Source
/// Sun et al. 2024, arXiv:2403.01427, algorithm 1.
pub fn standardised_distillation<F: Float>(
    teacher: &[F],
    outputs: &[F],
    temperature: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let (teacher, _) = standardise(teacher);
    let (scores, deviation) = standardise(outputs);
    let normaliser = log_sum_exp(scaled(&teacher, temperature));
    let targets: Vec<f64> = scaled(&teacher, temperature).map(|score| (score - normaliser).exp()).collect();
    let mut score_gradient = vec![0.0; scores.len()];
    let loss = distillation(&targets, &scores, temperature, weight, &mut score_gradient);
    // z = (s - mean) / (d + e): dz_j/ds_k = (delta_jk - 1/n) / (d + e) - z_j z_k / ((n - 1) d).
    let count = scores.len() as f64;
    let mean = score_gradient.iter().sum::<f64>() / count;
    let along: f64 = score_gradient.iter().zip(&scores).map(|(slope, score)| slope * score).sum();
    let stretch = if deviation > 0.0 { along / ((count - 1.0) * deviation) } else { 0.0 };
    for ((gradient, slope), score) in gradient.iter_mut().zip(&score_gradient).zip(&scores) {
        gradient.add((slope - mean) / (deviation + EPSILON) - stretch * score);
    }
    loss
}

/// `lskd` on every row.
#[derive(Debug)]
pub struct LskdLoss<'a> {
    /// `[rows, classes]`
    logits: &'a [f32],
    classes: usize,
    settings: LskdSettings,
}

impl<'a> LskdLoss<'a> {
    /// Over the teacher's logits, checked.
    pub(super) fn new(logits: &'a [f32], classes: usize, settings: LskdSettings) -> Self {
        Self { logits, classes, settings }
    }
}

impl Method for LskdLoss<'_> {
    fn outputs(&self) -> usize {
        self.classes
    }

    fn subclasses(&self) -> usize {
        1
    }

    fn terms(&self) -> &[&'static str] {
        &["lskd"]
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn row_wise(&self) -> Option<&dyn RowWise> {
        Some(self)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.gradient(batch, gradients, sums);
    }
}

impl RowWise for LskdLoss<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let LskdSettings { temperature, weight, .. } = self.settings;
        let temperature = temperature.get();
        for (row, outputs, gradient) in batch.row_by_row(gradients.outputs) {
            let teacher = &self.logits[row * self.classes..][..self.classes];
            let share = weight * batch.share;
            sums[0].add(standardised_distillation(teacher, outputs, temperature, share, gradient));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(teacher in numbers(5, 6.0), outputs in numbers(5, 6.0), temperature in 0.5_f64..8.0) {
            prop_assume!(standardise(&outputs).1 > 0.3);
            let mut gradient = vec![0.0; 5];
            standardised_distillation(&teacher, &outputs, temperature, 1.0, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| {
                standardised_distillation(&teacher, s, temperature, 1.0, &mut [0.0; 5])
            });
        }

        #[test]
        fn neither_the_size_nor_the_place_of_the_logits_matters(teacher in numbers(4, 3.0), factor in 0.5_f64..9.0, shift in -5.0_f64..5.0) {
            prop_assume!(standardise(&teacher).1 > 0.3);
            let outputs: Vec<f64> = teacher.iter().map(|logit| factor * logit + shift).collect();
            prop_assert!(standardised_distillation(&teacher, &outputs, 2.0, 1.0, &mut [0.0; 4]).abs() < 1e-6);
        }
    }

    #[test]
    fn any_pair_standardises_to_the_same_two_scores() {
        for pair in [[0.1, 0.2], [-9.0, 1e4], [1e-3, 0.0]] {
            let (scores, _) = standardise::<f64>(&pair);
            assert!(scores.iter().all(|score| (score.abs() - 0.5_f64.sqrt()).abs() < 1e-3), "{scores:?}");
        }
    }
}

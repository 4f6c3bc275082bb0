//! Squared difference of probabilities, as a loss that is bounded.

use lelp::{Parameter, Temperature, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use crate::alpha::{ALPHA, Alpha};
use crate::error::MethodError;
use crate::float::Float;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::{scaled, soft_labels};
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, RowWise, TermSum};

const PARAMETERS: [Parameter; 2] =
    [ALPHA, Parameter::new("temperature", Values::Positive, "softens teacher and student alike")];

/// Settings of `brier`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BrierSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
}

impl Loss for BrierSettings {
    fn name(&self) -> &'static str {
        "brier"
    }

    fn summary(&self) -> String {
        "The teacher's probabilities by their squared difference".to_owned()
    }

    fn source(&self) -> &'static str {
        "Brier 1950"
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

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let (classes, temperature) = (supervision.classes, self.temperature.get());
        let targets = soft_labels(supervision.checked_logits(self.name())?, classes, temperature);
        Ok(Some(Box::new(BrierLoss { targets, classes, temperature })))
    }
}

/// `T^2 sum_c (softmax(s / T)_c - t_c)^2` of one row; adds `weight` times its gradient.
///
/// # Shapes
/// `targets`, `outputs`, `gradient`: `[classes]`.
fn squared_difference<F: Float>(
    targets: &[F],
    outputs: &[F],
    temperature: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let normaliser = log_sum_exp(scaled(outputs, temperature));
    let probabilities: Vec<f64> =
        scaled(outputs, temperature).map(|score| (score - normaliser).exp()).collect();
    let difference = |(q, &t): (&f64, &F)| q - Into::<f64>::into(t);
    let differences: Vec<f64> = probabilities.iter().zip(targets).map(difference).collect();
    let along: f64 = differences.iter().zip(&probabilities).map(|(d, q)| d * q).sum();
    for ((gradient, d), q) in gradient.iter_mut().zip(&differences).zip(&probabilities) {
        gradient.add(weight * temperature * 2.0 * q * (d - along));
    }
    temperature * temperature * differences.iter().map(|d| d * d).sum::<f64>()
}

/// `brier` on every row.
#[derive(Debug)]
struct BrierLoss {
    /// `[rows, classes]`
    targets: Vec<f32>,
    classes: usize,
    temperature: f64,
}

impl Method for BrierLoss {
    fn outputs(&self) -> usize {
        self.classes
    }

    fn subclasses(&self) -> usize {
        1
    }

    fn terms(&self) -> &[&'static str] {
        &["brier"]
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

impl RowWise for BrierLoss {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        for (row, outputs, gradient) in batch.row_by_row(gradients.outputs) {
            let targets = &self.targets[row * self.classes..][..self.classes];
            sums[0].add(squared_difference(targets, outputs, self.temperature, batch.share, gradient));
        }
    }
}

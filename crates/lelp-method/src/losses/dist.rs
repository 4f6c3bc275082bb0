//! Distillation from a stronger teacher: correlations of probabilities, over rows and over columns.

use lelp::{Parameter, Temperature, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use super::kd::{SOFTNESS, TEMPERATURE};
use crate::alpha::{ALPHA, Alpha};
use crate::degeneracy::{Degeneracy, Severity, free_shapes};
use crate::error::MethodError;
use crate::float::Float;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::scaled;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, TermSum};

const PARAMETERS: [Parameter; 4] = [
    ALPHA,
    TEMPERATURE.searched(SOFTNESS),
    Parameter::new("row_weight", Values::NonNegative, "weight of the correlation inside rows"),
    Parameter::new("column_weight", Values::NonNegative, "weight of the correlation inside classes"),
];

/// Settings of `dist`.
///
/// # Source
/// Huang et al. 2022, arXiv:2205.10536: both weights 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
    /// Weight of the correlation inside each row, between classes (the paper's beta).
    pub row_weight: f64,
    /// Weight of the correlation inside each class, between rows (the paper's gamma).
    pub column_weight: f64,
}

impl Default for DistSettings {
    fn default() -> Self {
        let (alpha, temperature) = (Alpha::default(), Temperature::default());
        Self { alpha, temperature, row_weight: 1.0, column_weight: 1.0 }
    }
}

impl Loss for DistSettings {
    fn name(&self) -> &'static str {
        "dist"
    }

    fn summary(&self) -> String {
        "Correlations of probabilities, inside rows and inside classes".to_owned()
    }

    fn source(&self) -> &'static str {
        "Huang et al. 2022, arXiv:2205.10536"
    }

    fn parameters(&self) -> Vec<Parameter> {
        PARAMETERS.to_vec()
    }

    fn needs(&self) -> Needs {
        Needs { whole_batch: true, ..Needs::of_logits() }
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
            severity: Severity::Warned,
            why: "the correlation of two probabilities is 1 or -1, so that rows teach nothing, and both columns say the same",
            instead: "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
        })
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let logits = supervision.checked_logits(self.name())?;
        Ok(Some(Box::new(DistLoss::new(logits, supervision.classes, *self))))
    }
}

/// Products of deviations below this count as this: the correlation of constant probabilities is 0.
const LEAST_PRODUCT: f64 = 1e-8;

/// Correlations of a batch: `T^2 (1 - mean over rows of rho(q_i, p_i))` and
/// `T^2 (1 - mean over classes of rho(q^c, p^c))`, with `p = softmax(t / T)`, `q = softmax(s / T)`, `rho` Pearson's.
///
/// With two classes a row has one free number, so that its correlation is 1 or -1 and has no gradient, and both
/// columns say the same.
///
/// # Shapes
/// `teacher`, `outputs`, `gradient`: `[rows, classes]`, logits. Adds `weights[0]` times the gradient of the first
/// term, and `weights[1]` times that of the second; gives both terms, unweighted.
///
/// # Source
/// Huang et al. 2022, arXiv:2205.10536, equations 8 to 10, with the `T^2` of its published code. Departure: that code adds 1e-8 to the
/// product of deviations, which bends correlations of small probabilities.
pub fn correlation_distance<F: Float>(
    teacher: &[F],
    outputs: &[F],
    classes: usize,
    temperature: f64,
    weights: [f64; 2],
    gradient: &mut [F],
) -> [f64; 2] {
    let rows = outputs.len() / classes;
    let [wanted, found] = [teacher, outputs].map(|logits| probabilities(logits, classes, temperature));
    let mut probability_gradient = vec![0.0; found.len()];
    let square = temperature * temperature;
    let mut similarity = [0.0; 2];
    let lines = [(rows, classes, classes, 1), (classes, rows, 1, classes)];
    for (term, (count, length, apart, step)) in lines.into_iter().enumerate() {
        for line in 0..count {
            let places = (0..length).map(|place| line * apart + place * step);
            let share = -weights[term] * square / count as f64;
            similarity[term] +=
                correlation(places, &wanted, &found, share, &mut probability_gradient) / count as f64;
        }
    }
    for (row, probability_gradient) in probability_gradient.chunks_exact(classes).enumerate() {
        let places = row * classes..(row + 1) * classes;
        let found = &found[places.clone()];
        let mean: f64 =
            probability_gradient.iter().zip(found).map(|(slope, probability)| slope * probability).sum();
        for ((gradient, slope), probability) in
            gradient[places].iter_mut().zip(probability_gradient).zip(found)
        {
            gradient.add(probability * (slope - mean) / temperature);
        }
    }
    similarity.map(|similarity| square * (1.0 - similarity))
}

/// `softmax(logits / temperature)` of each row.
fn probabilities<F: Float>(logits: &[F], classes: usize, temperature: f64) -> Vec<f64> {
    let row = |row| {
        let normaliser = log_sum_exp(scaled(row, temperature));
        scaled(row, temperature).map(move |value| (value - normaliser).exp())
    };
    logits.chunks_exact(classes).flat_map(row).collect()
}

/// Pearson's correlation of `wanted` and `found` over `places`; adds `weight` times its gradient in `found`.
fn correlation(
    places: impl ExactSizeIterator<Item = usize> + Clone,
    wanted: &[f64],
    found: &[f64],
    weight: f64,
    probability_gradient: &mut [f64],
) -> f64 {
    let count = places.len() as f64;
    let mean = |values: &[f64]| places.clone().map(|place| values[place]).sum::<f64>() / count;
    let (a, b) = (mean(wanted), mean(found));
    let pairs = places.clone().map(|place| (wanted[place] - a, found[place] - b));
    let product: f64 = pairs.clone().map(|(x, y)| x * y).sum();
    let [x, y] = pairs.clone().fold([0.0; 2], |[xx, yy], (x, y)| [xx + x * x, yy + y * y]).map(f64::sqrt);
    let scale = (x * y).max(LEAST_PRODUCT);
    // d rho / dy_k = (x_k - rho |x| y_k / |y|) / scale; the mean's part cancels, as both are centred.
    let pull = if x * y > LEAST_PRODUCT { product / scale * x / (y * scale) } else { 0.0 };
    for (place, (x, y)) in places.zip(pairs) {
        probability_gradient[place] += weight * (x / scale - pull * y);
    }
    product / scale
}

/// `dist` on whole batches.
#[derive(Debug)]
pub struct DistLoss<'a> {
    /// `[rows, classes]`
    logits: &'a [f32],
    classes: usize,
    settings: DistSettings,
    /// The teacher's logits on the batch.
    teacher: Vec<f32>,
}

impl<'a> DistLoss<'a> {
    /// Over the teacher's logits, checked.
    pub(super) fn new(logits: &'a [f32], classes: usize, settings: DistSettings) -> Self {
        Self { logits, classes, settings, teacher: Vec::new() }
    }
}

impl Method for DistLoss<'_> {
    fn outputs(&self) -> usize {
        self.classes
    }

    fn subclasses(&self) -> usize {
        1
    }

    fn terms(&self) -> &[&'static str] {
        &["dist_rows", "dist_columns"]
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let (classes, rows) = (self.classes, batch.rows.len());
        let DistSettings { temperature, row_weight, column_weight, .. } = self.settings;
        self.teacher.clear();
        for &row in batch.rows {
            self.teacher.extend_from_slice(&self.logits[row as usize * classes..][..classes]);
        }
        let weights = [row_weight, column_weight].map(|weight| weight * batch.share * rows as f64);
        let temperature = temperature.get();
        let outputs = &mut *gradients.outputs;
        let terms =
            correlation_distance(&self.teacher, batch.outputs, classes, temperature, weights, outputs);
        sums.iter_mut().zip(terms).for_each(|(sum, term)| sum.add_mean(term, rows));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    /// Whether the probabilities of every row and class vary: the correlation of constants is 0 by definition.
    fn varied(logits: &[f64]) -> bool {
        let p = probabilities(logits, 3, 4.0);
        let mut lines = (0..5).map(|i| (3 * i, 1, 3)).chain((0..3).map(|c| (c, 3, 5)));
        lines.all(|(first, step, length)| {
            let values = p[first..].iter().step_by(step).take(length);
            let (least, most) = values.fold((1.0_f64, 0.0_f64), |(a, b), &p| (a.min(p), b.max(p)));
            most - least > 0.1
        })
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(teacher in numbers(15, 3.0), outputs in numbers(15, 3.0), temperature in 1.0_f64..4.0) {
            prop_assume!(varied(&teacher) && varied(&outputs));
            let (weights, mut gradient) = ([0.7, 2.0], vec![0.0; 15]);
            let terms = |s: &[f64], weights, gradient: &mut [f64]| {
                correlation_distance(&teacher, s, 3, temperature, weights, gradient)
            };
            terms(&outputs, weights, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| {
                let [rows, columns] = terms(s, [0.0; 2], &mut [0.0; 15]);
                weights[0] * rows + weights[1] * columns
            });
        }

        #[test]
        fn a_student_that_equals_the_teacher_is_at_zero(teacher in numbers(15, 3.0)) {
            prop_assume!(varied(&teacher));
            let mut gradient = [0.0_f64; 15];
            let terms = correlation_distance(&teacher, &teacher, 3, 1.0, [1.0; 2], &mut gradient);
            prop_assert!(terms.iter().all(|term| term.abs() < 1e-5));
            prop_assert!(gradient.iter().all(|slope| slope.abs() < 1e-5));
        }
    }
}

//! Decoupled distillation: the label's class and the others apart.

use lelp::{Parameter, Search, Temperature, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use super::kd::{SOFTNESS, TEMPERATURE};
use crate::alpha::{ALPHA, Alpha};
use crate::degeneracy::{Degeneracy, Severity};
use crate::error::MethodError;
use crate::float::Float;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::scaled;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, RowWise, TermSum};

const PARAMETERS: [Parameter; 4] = [
    ALPHA,
    TEMPERATURE.searched(SOFTNESS),
    Parameter::new("target_weight", Values::NonNegative, "weight of the label's class against the others"),
    Parameter::new("non_target_weight", Values::NonNegative, "weight of the other classes among themselves")
        .searched(Search::Choices(&[1.0, 2.0, 8.0])),
];

/// Settings of `dkd`.
///
/// # Source
/// Zhao et al. 2022, arXiv:2203.08679, table of settings. Departure: no warm-up of the loss over the first epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DkdSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest. The paper's alpha is `target_weight`.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
    /// Weight of the divergence of the label's class from all others (TCKD).
    pub target_weight: f64,
    /// Weight of the divergence among the other classes (NCKD).
    pub non_target_weight: f64,
}

impl Default for DkdSettings {
    fn default() -> Self {
        let temperature = Temperature::new(4.0).expect("four is above 0");
        Self { alpha: Alpha::default(), temperature, target_weight: 1.0, non_target_weight: 8.0 }
    }
}

/// Free numbers of a row's probabilities over the classes other than its label's.
fn among_others(classes: usize) -> usize {
    classes.saturating_sub(2)
}

impl Loss for DkdSettings {
    fn name(&self) -> &'static str {
        "dkd"
    }

    fn summary(&self) -> String {
        "The probability of the label's class, and those among the others, apart".to_owned()
    }

    fn source(&self) -> &'static str {
        "Zhao et al. 2022, arXiv:2203.08679"
    }

    fn parameters(&self) -> Vec<Parameter> {
        PARAMETERS.to_vec()
    }

    fn needs(&self) -> Needs {
        Needs { labels: true, ..Needs::of_logits() }
    }

    fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn temperature(&self) -> Temperature {
        self.temperature
    }

    fn degeneracy(&self, classes: usize) -> Option<Degeneracy> {
        (among_others(classes) == 0).then_some(Degeneracy {
            method: self.name(),
            severity: Severity::Refused,
            why: "there is one class beside the label's, so that NCKD is 0 and TCKD is all of `kd`",
            instead: "`kd`, or `lelp`, which takes more from the teacher than its probabilities",
        })
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let logits = supervision.checked_logits(self.name())?;
        Ok(Some(Box::new(DkdLoss::new(supervision, logits, *self))))
    }
}

/// Decoupled distillation of one row with label `y`: `T^2 (w_0 TCKD + w_1 NCKD)`, with `p = softmax(t / T)`,
/// `q = softmax(s / T)`:
///
/// `TCKD = KL((p_y, 1 - p_y) || (q_y, 1 - q_y))` and
/// `NCKD = KL(p_j / (1 - p_y) || q_j / (1 - q_y))` over the classes `j` other than `y`.
///
/// With two classes there is one other class, so that NCKD is 0 and TCKD is all of the divergence that `kd` has.
///
/// # Shapes
/// `teacher`, `outputs`, `gradient`: `[classes]`, logits. Adds `weights[0]` times the gradient of the first term,
/// and `weights[1]` times that of the second; gives both terms, unweighted.
///
/// # Source
/// Zhao et al. 2022, arXiv:2203.08679, equations 5 to 7.
pub fn decoupled_distillation<F: Float>(
    label: usize,
    teacher: &[F],
    outputs: &[F],
    temperature: f64,
    weights: [f64; 2],
    gradient: &mut [F],
) -> [f64; 2] {
    let (teacher, student) = (scaled(teacher, temperature), scaled(outputs, temperature));
    let [p, q] = [Parts::new(teacher.clone(), label), Parts::new(student.clone(), label)];
    let others = p.log_others.exp();
    let target = p.log_target.exp() * (p.log_target - q.log_target) + others * (p.log_others - q.log_others);
    let mut non_target = 0.0;
    for (class, ((teacher, student), gradient)) in teacher.zip(student).zip(gradient).enumerate() {
        let probability = (student - q.all).exp();
        if class == label {
            gradient.add(weights[0] * temperature * (probability - p.log_target.exp()));
            continue;
        }
        let (log_p, log_q) = (teacher - p.non_target, student - q.non_target);
        non_target += log_p.exp() * (log_p - log_q);
        let slope =
            weights[0] * (probability - others * log_q.exp()) + weights[1] * (log_q.exp() - log_p.exp());
        gradient.add(temperature * slope);
    }
    [temperature * temperature * target, temperature * temperature * non_target]
}

/// Logarithms of a softmax that is split into the label's class and the others.
struct Parts {
    /// Log-sum-exp over all classes.
    all: f64,
    /// Log-sum-exp over the classes other than the label.
    non_target: f64,
    log_target: f64,
    log_others: f64,
}

impl Parts {
    fn new(scaled: impl Iterator<Item = f64> + Clone, label: usize) -> Self {
        let others = scaled.clone().enumerate().filter(|(class, _)| *class != label).map(|(_, value)| value);
        let (all, non_target) = (log_sum_exp(scaled.clone()), log_sum_exp(others));
        let target = scaled.skip(label).take(1).sum::<f64>();
        Self { all, non_target, log_target: target - all, log_others: non_target - all }
    }
}

/// `dkd` on the rows that have a label.
#[derive(Debug)]
pub struct DkdLoss<'a> {
    supervision: Supervision<'a>,
    /// `[rows, classes]`
    logits: &'a [f32],
    settings: DkdSettings,
}

impl<'a> DkdLoss<'a> {
    /// Over checked supervision and the teacher's logits.
    pub(super) fn new(supervision: Supervision<'a>, logits: &'a [f32], settings: DkdSettings) -> Self {
        Self { supervision, logits, settings }
    }
}

impl Method for DkdLoss<'_> {
    fn outputs(&self) -> usize {
        self.supervision.classes
    }

    fn subclasses(&self) -> usize {
        1
    }

    fn terms(&self) -> &[&'static str] {
        &["dkd_target", "dkd_non_target"]
    }

    fn teaches(&self, row: usize) -> bool {
        self.supervision.label(row).is_some()
    }

    fn row_wise(&self) -> Option<&dyn RowWise> {
        Some(self)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.gradient(batch, gradients, sums);
    }
}

impl RowWise for DkdLoss<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let classes = self.supervision.classes;
        let DkdSettings { temperature, target_weight, non_target_weight, .. } = self.settings;
        let (weights, temperature) =
            ([target_weight, non_target_weight].map(|weight| weight * batch.share), temperature.get());
        for (row, outputs, gradient) in batch.row_by_row(gradients.outputs) {
            if let Some(label) = self.supervision.label(row) {
                let teacher = &self.logits[row * classes..][..classes];
                let terms = decoupled_distillation(label, teacher, outputs, temperature, weights, gradient);
                sums.iter_mut().zip(terms).for_each(|(sum, term)| sum.add(term));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distillation::distillation;
    use crate::testing::{assert_gradient, numbers};

    fn total(label: usize, teacher: &[f64], outputs: &[f64], temperature: f64, weights: [f64; 2]) -> f64 {
        let terms = decoupled_distillation(label, teacher, outputs, temperature, [0.0; 2], &mut [0.0; 8]);
        terms[0] * weights[0] + terms[1] * weights[1]
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(
            teacher in numbers(5, 6.0),
            outputs in numbers(5, 6.0),
            label in 0_usize..5,
            temperature in 0.5_f64..8.0,
        ) {
            let (weights, mut gradient) = ([0.7, 3.0], vec![0.0; 5]);
            decoupled_distillation(label, &teacher, &outputs, temperature, weights, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| total(label, &teacher, s, temperature, weights));
        }

        /// KL = TCKD + (1 - p_y) NCKD, the paper's equation 7.
        #[test]
        fn the_parts_add_up_to_ordinary_distillation(teacher in numbers(4, 3.0), outputs in numbers(4, 3.0), label in 0_usize..4) {
            let exponentials: Vec<f64> = teacher.iter().map(|logit| logit.exp()).collect();
            let sum: f64 = exponentials.iter().sum();
            let targets: Vec<f64> = exponentials.iter().map(|value| value / sum).collect();
            let plain = distillation(&targets, &outputs, 1.0, 0.0, &mut [0.0; 4]);
            let parts = total(label, &teacher, &outputs, 1.0, [1.0, 1.0 - targets[label]]);
            prop_assert!((plain - parts).abs() < 1e-10);
        }
    }
}

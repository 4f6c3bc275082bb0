//! Cross-entropy on labels.

use super::real::Real;
use super::softmax::{log_sum_exp, scaled};
use super::supervision::Supervision;
use super::{Batch, Gradients, Method, RowWise, TermSum};

/// Cross-entropy of one row with its label, over outputs collapsed to classes by log-sum-exp:
/// `ln sum_j exp(s_j) - ln sum_(j of the label) exp(s_j)`.
///
/// # Shapes
/// `outputs`, `gradient`: `[classes * subclasses]`; outputs of class `c` start at `c * subclasses`.
///
/// Adds `weight` times the gradient: `softmax(s)`, minus the softmax inside the label's class on that class's outputs.
pub fn collapsed_cross_entropy<R: Real>(
    label: usize,
    subclasses: usize,
    outputs: &[R],
    weight: f64,
    gradient: &mut [R],
) -> f64 {
    let own = label * subclasses..(label + 1) * subclasses;
    let all = log_sum_exp(scaled(outputs, 1.0));
    let class = log_sum_exp(scaled(&outputs[own.clone()], 1.0));
    for (place, (output, gradient)) in scaled(outputs, 1.0).zip(gradient).enumerate() {
        let inside = if own.contains(&place) { (output - class).exp() } else { 0.0 };
        gradient.add(weight * ((output - all).exp() - inside));
    }
    all - class
}

/// Cross-entropy on labels; rows without one are left out.
///
/// With subclasses the label is held against the collapsed outputs, so that it mixes with any method.
#[derive(Debug)]
pub struct CrossEntropy<'a> {
    supervision: Supervision<'a>,
    subclasses: usize,
}

impl<'a> CrossEntropy<'a> {
    /// Over checked supervision, for a student with `subclasses` outputs a class.
    pub(super) fn new(supervision: Supervision<'a>, subclasses: usize) -> Self {
        Self { supervision, subclasses }
    }
}

impl Method for CrossEntropy<'_> {
    fn outputs(&self) -> usize {
        self.supervision.classes * self.subclasses
    }

    fn subclasses(&self) -> usize {
        self.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &["ce"]
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

impl RowWise for CrossEntropy<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let width = self.outputs();
        let rows = batch.rows.iter().zip(batch.outputs.chunks_exact(width));
        for ((&row, outputs), gradient) in rows.zip(gradients.outputs.chunks_exact_mut(width)) {
            if let Some(label) = self.supervision.label(row as usize) {
                let loss = collapsed_cross_entropy(label, self.subclasses, outputs, batch.share, gradient);
                sums[0].add(loss);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::method::testing::{assert_slopes, numbers};

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(outputs in numbers(6, 4.0), label in 0_usize..3, weight in 0.0_f64..2.0) {
            let mut gradient = vec![0.0; 6];
            collapsed_cross_entropy(label, 2, &outputs, weight, &mut gradient);
            assert_slopes(&outputs, &gradient, &|s| weight * collapsed_cross_entropy(label, 2, s, 1.0, &mut [0.0; 6]));
        }
    }

    #[test]
    fn confident_outputs_give_finite_values_and_gradients() {
        for outputs in [[1e4, -1e4, 1e4, -1e4], [-1e4; 4], [1e4; 4]] {
            let mut gradient = [0.0_f32; 4];
            let value = collapsed_cross_entropy(1, 2, &outputs, 1.0, &mut gradient);
            assert!(value.is_finite() && value >= 0.0);
            assert!(gradient.iter().all(|slope| slope.is_finite()));
        }
    }
}

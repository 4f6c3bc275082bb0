//! Cross-entropy on labels.

use lelp::{Parameter, Search, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use crate::alpha::Alpha;
use crate::error::MethodError;
use crate::float::Float;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::scaled;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, RowWise, TermSum};

/// Cross-entropy of one row with its label, over outputs collapsed to classes by log-sum-exp:
/// `ln sum_j exp(s_j) - ln sum_(j of the label) exp(s_j)`.
///
/// # Shapes
/// `outputs`, `gradient`: `[classes * subclasses]`; outputs of class `c` start at `c * subclasses`.
///
/// Adds `weight` times the gradient: `softmax(s)`, minus the softmax inside the label's class on that class's outputs.
pub fn collapsed_cross_entropy<F: Float>(
    label: usize,
    subclasses: usize,
    outputs: &[F],
    weight: f64,
    gradient: &mut [F],
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

const PARAMETERS: [Parameter; 2] = [
    Parameter::new(
        "label_smoothing",
        Values::ShareBelowOne,
        "share of each label that is spread over all classes alike",
    )
    .searched(Search::Choices(&[0.0, 0.05, 0.1])),
    Parameter::new(
        "balanced",
        Values::Switch,
        "let the rows of every class weigh the same together, however many there are",
    ),
];

/// Settings of `ce`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CeSettings {
    /// Share of the label that is spread over all classes alike, 0 or more and below 1: Szegedy et al. 2016,
    /// arXiv:1512.00567, section 7.
    pub label_smoothing: f64,
    /// Whether the rows of every class weigh the same together: a row of class `c` weighs `rows / (classes rows_c)`.
    pub balanced: bool,
}

impl Loss for CeSettings {
    fn name(&self) -> &'static str {
        "ce"
    }

    fn summary(&self) -> String {
        "The labels alone".to_owned()
    }

    fn source(&self) -> &'static str {
        ""
    }

    fn parameters(&self) -> Vec<Parameter> {
        PARAMETERS.to_vec()
    }

    fn needs(&self) -> Needs {
        Needs { labels: true, ..Needs::default() }
    }

    fn alpha(&self) -> Alpha {
        Alpha::ONE
    }

    fn searches_epochs(&self) -> bool {
        true
    }

    fn build<'a>(&self, _supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        Ok(None)
    }
}

/// Cross-entropy on labels; rows without one are left out.
///
/// With subclasses the label is held against the collapsed outputs, so that it mixes with any method. The loss of
/// a row with label `y` is `w_y ((1 - e) CE(y) + e / classes sum_c CE(c))`, `e` the label smoothing.
#[derive(Debug)]
pub struct CrossEntropy<'a> {
    supervision: Supervision<'a>,
    subclasses: usize,
    label_smoothing: f64,
    /// Weight of a row of each class.
    weights: Vec<f64>,
}

impl<'a> CrossEntropy<'a> {
    /// Over checked supervision, for a student with `subclasses` outputs a class.
    pub(crate) fn new(supervision: Supervision<'a>, subclasses: usize, settings: CeSettings) -> Self {
        let classes = supervision.classes;
        let weights = if settings.balanced {
            balanced_weights(classes, (0..supervision.rows).filter_map(|row| supervision.label(row)))
        } else {
            vec![1.0; classes]
        };
        Self { supervision, subclasses, label_smoothing: settings.label_smoothing, weights }
    }

    /// The loss of one row; adds `share` times its gradient.
    fn row<F: Float>(&self, label: usize, outputs: &[F], share: f64, gradient: &mut [F]) -> f64 {
        let (smoothing, weight) = (self.label_smoothing, self.weights[label]);
        let mut term = |class: usize, part: f64| {
            let part = weight * part;
            part * collapsed_cross_entropy(class, self.subclasses, outputs, share * part, gradient)
        };
        let mut loss = term(label, 1.0 - smoothing);
        if smoothing > 0.0 {
            let classes = self.supervision.classes;
            loss += (0..classes).map(|class| term(class, smoothing / classes as f64)).sum::<f64>();
        }
        loss
    }
}

/// Weights `[classes]` with which the rows of every class weigh the same together, from the class of each row that has
/// one: `rows / (classes rows_c)`; 1 for a class without rows, which weighs nothing anyhow.
///
/// # Panics
/// If a class is not below `classes`.
#[must_use]
pub fn balanced_weights(classes: usize, of_rows: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut counts = vec![0_usize; classes];
    of_rows.for_each(|class| counts[class] += 1);
    let rows: usize = counts.iter().sum();
    let weight = |&count: &usize| if count == 0 { 1.0 } else { rows as f64 / (classes * count) as f64 };
    counts.iter().map(weight).collect()
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
        for (row, outputs, gradient) in batch.row_by_row(gradients.outputs) {
            if let Some(label) = self.supervision.label(row) {
                sums[0].add(self.row(label, outputs, batch.share, gradient));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(outputs in numbers(6, 4.0), label in 0_usize..3, weight in 0.0_f64..2.0) {
            let mut gradient = vec![0.0; 6];
            collapsed_cross_entropy(label, 2, &outputs, weight, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| weight * collapsed_cross_entropy(label, 2, s, 1.0, &mut [0.0; 6]));
        }
    }

    proptest! {
        #[test]
        fn a_smoothed_and_weighted_row_has_its_slope(outputs in numbers(6, 4.0), label in 0_usize..3) {
            let labels = [Some(0), Some(0), Some(1), Some(2)];
            let supervision =
                Supervision { rows: 4, classes: 3, labels: Some(&labels), ..Supervision::default() };
            let ce = CrossEntropy::new(supervision, 2, CeSettings { label_smoothing: 0.1, balanced: true });
            let mut gradient = vec![0.0; 6];
            ce.row(label, &outputs, 1.0, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| ce.row(label, s, 1.0, &mut [0.0; 6]));
        }
    }

    /// `torch.nn.functional.cross_entropy(torch.tensor([[1., -1., .5]]), torch.tensor([2]), label_smoothing=0.2)`.
    #[test]
    fn smoothing_is_that_of_pytorch_and_balanced_classes_weigh_the_same() {
        let labels = [Some(0), Some(0), Some(0), Some(2)];
        let supervision =
            Supervision { rows: 4, classes: 3, labels: Some(&labels), ..Supervision::default() };
        let smooth = CrossEntropy::new(supervision, 1, CeSettings { label_smoothing: 0.2, balanced: false });
        let value = smooth.row(2, &[1.0_f64, -1.0, 0.5], 1.0, &mut [0.0; 3]);
        assert!((value - 1.121_624).abs() < 1e-5, "{value}");

        let weights =
            CrossEntropy::new(supervision, 1, CeSettings { balanced: true, ..CeSettings::default() }).weights;
        assert!((3.0 * weights[0] - weights[2]).abs() < 1e-12, "{weights:?}");
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

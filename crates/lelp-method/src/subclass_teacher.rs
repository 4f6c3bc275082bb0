//! What makes a teacher use its subclasses: the auxiliary term of Subclass Distillation.

use lelp::{Parameter, Values, log_sum_exp};
use serde::{Deserialize, Serialize};

use super::error::MethodError;
use super::float::Float;
use super::losses::ce::{CeSettings, CrossEntropy};
use super::supervision::Supervision;
use super::weighted_sum::{Part, WeightedSum};
use super::{Batch, Gradients, Method, TermSum};

const SUBCLASSES: Parameter = Parameter::new("subclasses", Values::Count, "subclasses of each class");
const AUXILIARY_WEIGHT: Parameter = Parameter::new(
    "auxiliary_weight",
    Values::NonNegative,
    "weight of the auxiliary term beside the labels; 0 leaves the subclasses to chance",
);
const AUXILIARY_TEMPERATURE: Parameter = Parameter::new(
    "auxiliary_temperature",
    Values::Positive,
    "temperature of the auxiliary term; small looks at the most alike rows alone",
);

/// Settings of a teacher with subclasses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubclassTeacherSettings {
    /// Subclasses of each class.
    pub subclasses: usize,
    /// Weight of the auxiliary term beside the labels' cross-entropy; 0 leaves the subclasses to chance.
    pub auxiliary_weight: f64,
    /// Temperature of the auxiliary term; small looks at the most alike rows alone.
    pub auxiliary_temperature: f64,
}

impl Default for SubclassTeacherSettings {
    /// Four subclasses; weight and temperature 1 (ours: the paper tunes them for each task).
    fn default() -> Self {
        Self { subclasses: 4, auxiliary_weight: 1.0, auxiliary_temperature: 1.0 }
    }
}

/// The auxiliary term of a batch: `mean_i ln sum_j exp(u_i . u_j / T) - 1 / T - ln rows`, with `u_i` the subclass
/// logits of row `i` scaled to length 1.
///
/// It is 0 where all rows point the same way, and falls as they point apart, so that a teacher with more outputs
/// than classes uses them. A row of zeros has no direction: it counts as alike to none, and gets no gradient.
///
/// # Shapes
/// `outputs`, `gradient`: `[rows, width]`, `width` all of a row's subclass logits. Adds `weight` times the gradient.
///
/// # Source
/// Mueller, Kornblith and Hinton 2020, arXiv:2002.03936. There is no published code of its authors: that the
/// logits are scaled to length 1 is read from the `1 / T` of a row with itself.
pub fn auxiliary<F: Float>(
    outputs: &[F],
    width: usize,
    temperature: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let rows = outputs.len() / width;
    let lengths: Vec<f64> = outputs.chunks_exact(width).map(length).collect();
    let units: Vec<f64> = (outputs.chunks_exact(width).zip(&lengths))
        .flat_map(|(row, &length)| {
            row.iter().map(move |&z| if length > 0.0 { z.into() / length } else { 0.0 })
        })
        .collect();
    let unit = |row: usize| &units[row * width..][..width];
    let mut value = 0.0;
    // How much row j is pulled at by row i, and the other way round: unit_gradient[j] += share_ij u_i and back.
    let mut unit_gradient = vec![0.0; units.len()];
    let mut similar = vec![0.0; rows];
    for row in 0..rows {
        for (other, similar) in similar.iter_mut().enumerate() {
            *similar = dot(unit(row), unit(other)) / temperature;
        }
        let normaliser = log_sum_exp(similar.iter().copied());
        value += normaliser;
        for (other, similar) in similar.iter().enumerate() {
            let share = (similar - normaliser).exp();
            for place in 0..width {
                unit_gradient[row * width + place] += share * units[other * width + place];
                unit_gradient[other * width + place] += share * units[row * width + place];
            }
        }
    }
    let factor = weight / (rows as f64 * temperature);
    for (row, gradient) in gradient.chunks_exact_mut(width).enumerate().filter(|(row, _)| lengths[*row] > 0.0)
    {
        let unit_gradient = &unit_gradient[row * width..][..width];
        let along = dot(unit_gradient, unit(row));
        for ((gradient, slope), u) in gradient.iter_mut().zip(unit_gradient).zip(unit(row)) {
            gradient.add(factor * (slope - along * u) / lengths[row]);
        }
    }
    value / rows as f64 - 1.0 / temperature - (rows as f64).ln()
}

fn length<F: Float>(row: &[F]) -> f64 {
    // The largest is taken out first, so that no square overflows.
    let most = row.iter().map(|&z| z.into().abs()).fold(0.0, f64::max);
    let sum: f64 = row.iter().map(|&z| if most > 0.0 { (z.into() / most).powi(2) } else { 0.0 }).sum();
    most * sum.sqrt()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

impl SubclassTeacherSettings {
    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), MethodError> {
        SUBCLASSES.check(self.subclasses as f64)?;
        AUXILIARY_WEIGHT.check(self.auxiliary_weight)?;
        Ok(AUXILIARY_TEMPERATURE.check(self.auxiliary_temperature)?)
    }

    /// What a teacher of `classes * subclasses` outputs learns from: the labels' cross-entropy over outputs collapsed
    /// to classes, and the auxiliary term.
    ///
    /// # Errors
    /// [`MethodError::Setting`] for a setting out of its range; [`MethodError::Missing`] if no row has a label;
    /// [`MethodError::Label`] for one that is no class.
    pub fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Box<dyn Method + 'a>, MethodError> {
        self.check()?;
        supervision.check_labels(Some("subclass teacher"))?;
        let labels = CrossEntropy::new(supervision, self.subclasses, CeSettings::default());
        let apart = AuxiliaryMethod { supervision, settings: *self };
        let parts = [(1.0, Box::new(labels) as Box<dyn Method>), (self.auxiliary_weight, Box::new(apart))];
        Ok(Box::new(WeightedSum::new(
            parts.into_iter().map(|(weight, method)| Part { weight, method }).collect(),
        )))
    }
}

/// The auxiliary term on whole batches.
#[derive(Debug)]
struct AuxiliaryMethod<'a> {
    supervision: Supervision<'a>,
    settings: SubclassTeacherSettings,
}

impl Method for AuxiliaryMethod<'_> {
    fn outputs(&self) -> usize {
        self.supervision.classes * self.settings.subclasses
    }

    fn subclasses(&self) -> usize {
        self.settings.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &["auxiliary"]
    }

    fn teaches(&self, row: usize) -> bool {
        self.supervision.label(row).is_some()
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let (width, rows) = (self.outputs(), batch.rows.len());
        let (temperature, weight) = (self.settings.auxiliary_temperature, batch.share * rows as f64);
        let term = auxiliary(batch.outputs, width, temperature, weight, gradients.outputs);
        sums[0].add_mean(term, rows);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    #[derive(Deserialize)]
    struct Golden {
        temperature: f64,
        width: usize,
        outputs: Vec<f64>,
        value: f64,
        gradient: Vec<f64>,
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(outputs in numbers(15, 3.0), temperature in 0.2_f64..4.0) {
            prop_assume!(outputs.chunks(3).all(|row| length(row) > 0.5));
            let mut gradient = vec![0.0; 15];
            auxiliary(&outputs, 3, temperature, 0.7, &mut gradient);
            assert_gradient(&outputs, &gradient, &|z| 0.7 * auxiliary(z, 3, temperature, 1.0, &mut [0.0; 15]));
        }

        #[test]
        fn it_is_never_positive_and_the_size_of_logits_does_not_matter(outputs in numbers(12, 5.0)) {
            let value = auxiliary(&outputs, 4, 0.5, 1.0, &mut [0.0; 12]);
            prop_assert!(value <= 1e-12);
            let doubled: Vec<f64> = outputs.iter().map(|z| 2.0 * z).collect();
            prop_assert!((auxiliary(&doubled, 4, 0.5, 1.0, &mut [0.0; 12]) - value).abs() < 1e-12);
        }
    }

    /// Made by `goldens/auxiliary.py`.
    #[test]
    fn value_and_gradient_are_those_of_pytorch() {
        let golden: Golden = serde_json::from_str(include_str!("../goldens/auxiliary.json")).unwrap();
        let mut gradient = vec![0.0; golden.outputs.len()];
        let value = auxiliary(&golden.outputs, golden.width, golden.temperature, 1.0, &mut gradient);
        assert!((value - golden.value).abs() < 1e-12, "{value} {}", golden.value);
        for (found, expected) in gradient.iter().zip(&golden.gradient) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn rows_that_point_the_same_way_are_at_zero_and_opposite_ones_below() {
        let same = auxiliary(&[1.0, 2.0, 2.0, 4.0_f64], 2, 0.3, 1.0, &mut [0.0; 4]);
        assert!(same.abs() < 1e-12);
        let opposite = auxiliary(&[1.0, 0.0, -1.0, 0.0_f64], 2, 1.0, 1.0, &mut [0.0; 4]);
        let expected = (1.0_f64.exp() + (-1.0_f64).exp()).ln() - 1.0 - 2.0_f64.ln();
        assert!((opposite - expected).abs() < 1e-12);
    }

    #[test]
    fn huge_logits_and_rows_of_zeros_stay_finite() {
        let outputs = [1e30_f32, -1e30, 1e4, 0.0, 0.0, 0.0, -1e-30, 1e-30, 0.0];
        let mut gradient = [0.0_f32; 9];
        assert!(auxiliary(&outputs, 3, 0.01, 1.0, &mut gradient).is_finite());
        assert!(gradient[..6].iter().all(|slope| slope.is_finite()));
        assert_eq!(gradient[3..6], [0.0; 3]);
    }

    #[test]
    fn a_subclass_teacher_adds_the_auxiliary_term_to_the_labels() {
        let labels = [Some(0), Some(1), Some(1), Some(0)];
        let supervision =
            Supervision { rows: 4, classes: 2, labels: Some(&labels), ..Supervision::default() };
        let outputs: Vec<f32> = (0..16_u8).map(|k| f32::from(k * 7 % 5) - 2.0).collect();
        let run = |settings: SubclassTeacherSettings| {
            let mut method = settings.build(supervision).unwrap();
            assert_eq!((method.outputs(), method.subclasses()), (4, 2));
            let (mut gradient, mut sums) = (vec![0.0; 16], vec![TermSum::default(); method.terms().len()]);
            let batch = Batch { rows: &[0, 1, 2, 3], share: 0.25, outputs: &outputs, embedding: &[] };
            let mut gradients = Gradients { outputs: &mut gradient, embedding: &mut [] };
            method.learn(&batch, &mut gradients, &mut sums);
            gradient
        };
        let settings = SubclassTeacherSettings { subclasses: 2, ..SubclassTeacherSettings::default() };
        let (plain, weighted) =
            (run(SubclassTeacherSettings { auxiliary_weight: 0.0, ..settings }), run(settings));
        let mut term = vec![0.0_f32; 16];
        auxiliary(&outputs, 4, 1.0, 1.0, &mut term);
        for place in 0..16 {
            assert!((weighted[place] - plain[place] - term[place]).abs() < 1e-6);
        }
        for wrong in [
            SubclassTeacherSettings { subclasses: 0, ..settings },
            SubclassTeacherSettings { auxiliary_weight: -1.0, ..settings },
            SubclassTeacherSettings { auxiliary_temperature: 0.0, ..settings },
        ] {
            assert!(wrong.build(supervision).is_err());
        }
    }
}

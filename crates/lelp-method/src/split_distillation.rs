//! Distillation over subclasses with a weight of its own for the split within classes.

use lelp::{SplitWeight, log_sum_exp};

use crate::distillation::distillation;
use crate::float::Float;
use crate::softmax::scaled;

/// Distillation of one row over `subclasses` outputs a class, its divergence taken apart into classes and what is inside
/// them: `T^2 (KL(p || q) + lambda sum_c p_c KL(t_.|c || q_.|c))`, with `t` the targets, `softmax(s / T)` the student,
/// `p_c` and `q_c` their sums over a class, and `lambda` the split weight.
///
/// At weight 1 it is [`distillation`] of all outputs, to the bit; at weight 0 it is `kd` on collapsed outputs,
/// `T ln sum exp(s / T)` over each class.
///
/// # Shapes
/// `targets`, `outputs`, `gradient`: `[classes * subclasses]`; targets are not negative and add up to 1.
///
/// Adds `weight` times the gradient in `s`, `T (q_s|c (q_c - p_c) + lambda (p_c q_s|c - t_cs))`. Targets of 0 add
/// nothing to the loss.
///
/// # Source
/// The chain rule of the divergence over the targets of Loo et al., arXiv:2409.20449, section 3; the weight is a departure.
pub fn split_distillation<F: Float>(
    targets: &[F],
    outputs: &[F],
    subclasses: usize,
    temperature: f64,
    split_weight: SplitWeight,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    if split_weight == SplitWeight::default() {
        return distillation(targets, outputs, temperature, weight, gradient);
    }
    let lambda = split_weight.get();
    let by_class = outputs.chunks_exact(subclasses);
    let collapsed: Vec<f64> =
        by_class.clone().map(|outputs| log_sum_exp(scaled(outputs, temperature))).collect();
    let normaliser = log_sum_exp(collapsed.iter().copied());
    let by_class = by_class.zip(targets.chunks_exact(subclasses)).zip(gradient.chunks_exact_mut(subclasses));
    let (mut between, mut within) = (0.0, 0.0);
    for (((outputs, targets), gradient), class) in by_class.zip(&collapsed) {
        let share: f64 = targets.iter().map(|&target| target.into()).sum();
        let log_probability = class - normaliser;
        if share > 0.0 {
            between += share * (share.ln() - log_probability);
        }
        let slope = log_probability.exp() - share;
        for ((&target, scaled), gradient) in targets.iter().zip(scaled(outputs, temperature)).zip(gradient) {
            let (target, log_inside): (f64, f64) = (target.into(), scaled - class);
            if target > 0.0 {
                within += target * ((target / share).ln() - log_inside);
            }
            let inside = log_inside.exp();
            gradient.add(weight * temperature * (slope * inside + lambda * (share * inside - target)));
        }
    }
    temperature * temperature * (between + lambda * within)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    fn split_weight(value: f64) -> SplitWeight {
        SplitWeight::new(value).unwrap()
    }

    /// Loss and gradient over outputs of `subclasses` a class.
    fn split(
        targets: &[f64],
        outputs: &[f64],
        subclasses: usize,
        temperature: f64,
        lambda: f64,
    ) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; outputs.len()];
        let lambda = split_weight(lambda);
        let loss = split_distillation(targets, outputs, subclasses, temperature, lambda, 1.0, &mut gradient);
        (loss, gradient)
    }

    fn plain(targets: &[f64], outputs: &[f64], temperature: f64) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; outputs.len()];
        (distillation(targets, outputs, temperature, 1.0, &mut gradient), gradient)
    }

    fn softmax(logits: &[f64]) -> Vec<f64> {
        let normaliser = log_sum_exp(logits.iter().copied());
        logits.iter().map(|logit| (logit - normaliser).exp()).collect()
    }

    fn assert_near(found: &[f64], wanted: &[f64]) {
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{found} {wanted}");
        }
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(
            outputs in numbers(6, 4.0), logits in numbers(6, 4.0), temperature in 0.5_f64..8.0, lambda in 0.0_f64..2.0,
        ) {
            let targets = softmax(&logits);
            let (_, gradient) = split(&targets, &outputs, 2, temperature, lambda);
            assert_gradient(&outputs, &gradient, &|s| split(&targets, s, 2, temperature, lambda).0);
        }

        /// The loss is a line in the weight, whose value at 1 is the divergence over all outputs, taken another way.
        #[test]
        fn the_weight_goes_linearly_from_classes_alone_to_all_outputs(
            outputs in numbers(6, 4.0), logits in numbers(6, 4.0), temperature in 0.5_f64..8.0,
        ) {
            let targets = softmax(&logits);
            let (whole, slopes) = split(&targets, &outputs, 3, temperature, 1.0);
            prop_assert_eq!((whole, slopes.clone()), plain(&targets, &outputs, temperature));
            let (none, flat) = split(&targets, &outputs, 3, temperature, 0.0);
            let (half, mean) = split(&targets, &outputs, 3, temperature, 0.5);
            assert_near(&[half], &[0.5 * (none + whole)]);
            let means: Vec<f64> = flat.iter().zip(&slopes).map(|(a, b)| 0.5 * (a + b)).collect();
            assert_near(&mean, &means);
        }

        /// Loss and gradient are those of `kd` on the collapsed outputs; without softening to the last bit.
        #[test]
        fn at_weight_zero_it_is_kd_of_the_collapsed_student(
            outputs in numbers(6, 4.0), logits in numbers(6, 4.0), temperature in 0.5_f64..8.0,
        ) {
            let targets = softmax(&logits);
            for temperature in [1.0, temperature] {
                let classes: Vec<f64> = targets.chunks(2).map(|class| class.iter().sum()).collect();
                let collapse = |class: &[f64]| temperature * log_sum_exp(class.iter().map(|s| s / temperature));
                let collapsed: Vec<f64> = outputs.chunks(2).map(collapse).collect();
                let (wanted, of_class) = plain(&classes, &collapsed, temperature);
                let (loss, gradient) = split(&targets, &outputs, 2, temperature, 0.0);
                if temperature == 1.0 {
                    prop_assert_eq!(loss, wanted);
                }
                assert_near(&[loss], &[wanted]);
                let inside = outputs.chunks(2).flat_map(|class| softmax(&[class[0] / temperature, class[1] / temperature]));
                let through: Vec<f64> = inside.enumerate().map(|(place, share)| share * of_class[place / 2]).collect();
                assert_near(&gradient, &through);
            }
        }

        #[test]
        fn with_one_subclass_every_weight_is_kd_to_the_bit(
            outputs in numbers(3, 4.0), logits in numbers(3, 4.0), lambda in 0.0_f64..2.0,
        ) {
            let targets = softmax(&logits);
            prop_assert_eq!(split(&targets, &outputs, 1, 1.0, lambda), plain(&targets, &outputs, 1.0));
        }
    }

    #[test]
    fn a_known_divergence_comes_out_in_absolute_units() {
        // p = (3/4, 1/4), split 2 to 1 and evenly; the student is even everywhere. T = 2.
        let (loss, gradient) = split(&[0.5, 0.25, 0.125, 0.125], &[0.0; 4], 2, 2.0, 0.3);
        let between = 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln();
        let within = 0.75 * (2.0 / 3.0 * (4.0_f64 / 3.0).ln() + 1.0 / 3.0 * (2.0_f64 / 3.0).ln());
        assert!((loss - 4.0 * (between + 0.3 * within)).abs() < 1e-12);
        let (own, other) = (2.0 * 0.5 * (0.5 - 0.75), 2.0 * 0.5 * (0.5 - 0.25));
        let split = 2.0 * 0.3 * (0.375 - 0.5);
        assert_near(&gradient, &[own + split, own - split, other, other]);
    }

    #[test]
    fn confident_outputs_and_empty_classes_give_finite_values_and_gradients() {
        for outputs in [[1e4, -1e4, 1e4, -1e4], [-1e4; 4], [1e4; 4]] {
            for targets in [[0.0, 1.0, 0.0, 0.0], [0.25; 4]] {
                let mut gradient = [0.0_f32; 4];
                let lambda = split_weight(0.3);
                let value = split_distillation(&targets, &outputs, 2, 0.5, lambda, 1.0, &mut gradient);
                // Logits of 2e4 leave 1e-11 of rounding.
                assert!(value.is_finite() && value > -1e-9, "{value}");
                assert!(gradient.iter().all(|slope| slope.is_finite()));
            }
        }
    }
}

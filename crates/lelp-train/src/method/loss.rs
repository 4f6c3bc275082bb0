//! Losses of one row, with their gradients in the student's outputs.
//!
//! Outputs are `f32`, sums run in `f64`. Each function *adds* `weight` times its gradient.

/// Distillation of one row: `T^2 KL(t || softmax(s / T))`.
///
/// # Shapes
/// `targets`, `outputs`, `gradient`: `[outputs]`; targets are not negative and add up to 1.
///
/// The gradient in `s` is `T (softmax(s / T) - t)`. Targets of 0 add nothing to the loss.
///
/// # Source
/// Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2, with its `T^2` inside.
pub fn distillation(
    targets: &[f32],
    outputs: &[f32],
    temperature: f64,
    weight: f64,
    gradient: &mut [f32],
) -> f64 {
    let scaled = outputs.iter().map(|&output| f64::from(output) / temperature);
    let normaliser = log_sum_exp(scaled.clone());
    let mut divergence = 0.0;
    for ((&target, scaled), gradient) in targets.iter().zip(scaled).zip(gradient) {
        let target = f64::from(target);
        let log_probability = scaled - normaliser;
        if target > 0.0 {
            divergence += target * (target.ln() - log_probability);
        }
        *gradient += (weight * temperature * (log_probability.exp() - target)) as f32;
    }
    temperature * temperature * divergence
}

/// Cross-entropy of one row with its label, over outputs collapsed to classes by log-sum-exp:
/// `ln sum_j exp(s_j) - ln sum_(j of the label) exp(s_j)`.
///
/// # Shapes
/// `outputs`, `gradient`: `[classes * subclasses]`; outputs of class `c` start at `c * subclasses`.
///
/// The gradient is `softmax(s)`, minus the softmax inside the label's class on that class's outputs.
pub fn collapsed_cross_entropy(
    label: usize,
    subclasses: usize,
    outputs: &[f32],
    weight: f64,
    gradient: &mut [f32],
) -> f64 {
    let own = label * subclasses..(label + 1) * subclasses;
    let all = log_sum_exp(outputs.iter().map(|&output| f64::from(output)));
    let class = log_sum_exp(outputs[own.clone()].iter().map(|&output| f64::from(output)));
    for (place, (&output, gradient)) in outputs.iter().zip(gradient).enumerate() {
        let output = f64::from(output);
        let inside = if own.contains(&place) { (output - class).exp() } else { 0.0 };
        *gradient += (weight * ((output - all).exp() - inside)) as f32;
    }
    all - class
}

/// `ln sum exp(values)`, finite for all finite values.
fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    most + values.map(|value| (value - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Steps that `f32` holds exactly around the outputs drawn below.
    const STEP: f32 = 1.0 / 256.0;

    /// Fourth-order central difference of `loss` in output `place`.
    fn difference(outputs: &[f32], place: usize, loss: &dyn Fn(&[f32]) -> f64) -> f64 {
        let at = |steps: f32| {
            let mut moved = outputs.to_vec();
            moved[place] += steps * STEP;
            loss(&moved)
        };
        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * f64::from(STEP))
    }

    /// Outputs on a grid of 1/16, so that a step is exact.
    fn outputs() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec((-64_i8..64).prop_map(|n| f32::from(n) / 16.0), 6)
    }

    fn targets() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(0_u8..10, 6).prop_map(|counts| {
            let total: f32 = counts.iter().map(|&count| f32::from(count)).sum::<f32>().max(1.0);
            let mut targets: Vec<f32> = counts.iter().map(|&count| f32::from(count) / total).collect();
            if counts.iter().all(|&count| count == 0) {
                targets[2] = 1.0;
            }
            targets
        })
    }

    proptest! {
        #[test]
        fn the_gradient_of_distillation_is_its_slope(outputs in outputs(), targets in targets(), temperature in 0.5_f64..8.0) {
            let mut gradient = vec![0.0; 6];
            distillation(&targets, &outputs, temperature, 1.0, &mut gradient);
            for (place, gradient) in gradient.into_iter().enumerate() {
                let slope = difference(&outputs, place, &|s| distillation(&targets, s, temperature, 1.0, &mut [0.0; 6]));
                // Targets add up to 1 in f32 only, hence more than the rounding of the difference.
                prop_assert!((f64::from(gradient) - slope).abs() < 3e-6, "{} {slope}", gradient);
            }
        }

        #[test]
        fn the_gradient_of_cross_entropy_is_its_slope(outputs in outputs(), label in 0_usize..3, weight in 0.0_f64..2.0) {
            let mut gradient = vec![0.0; 6];
            collapsed_cross_entropy(label, 2, &outputs, weight, &mut gradient);
            for (place, gradient) in gradient.into_iter().enumerate() {
                let slope = difference(&outputs, place, &|s| collapsed_cross_entropy(label, 2, s, 1.0, &mut [0.0; 6]));
                prop_assert!((f64::from(gradient) - weight * slope).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn distillation_at_its_optimum_is_zero_and_flat() {
        let (outputs, targets) = ([0.0, 0.0], [0.5, 0.5]);
        let mut gradient = [0.0; 2];
        assert!(distillation(&targets, &outputs, 3.0, 1.0, &mut gradient).abs() < 1e-12);
        assert_eq!(gradient, [0.0; 2]);
    }

    #[test]
    fn a_known_divergence_comes_out_in_absolute_units() {
        // t = (1, 0), s = 0: KL = ln 2, times T^2 = 4; the gradient is T (1/2 - t).
        let mut gradient = [0.0; 2];
        let value = distillation(&[1.0, 0.0], &[0.0, 0.0], 2.0, 1.0, &mut gradient);
        assert!((value - 4.0 * std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(gradient, [-1.0, 1.0]);
    }

    #[test]
    fn confident_outputs_give_finite_values_and_gradients() {
        for outputs in [[1e4, -1e4, 1e4, -1e4], [-1e4; 4], [1e4; 4]] {
            let mut gradient = [0.0; 4];
            let value = distillation(&[0.0, 1.0, 0.0, 0.0], &outputs, 0.5, 1.0, &mut gradient)
                + collapsed_cross_entropy(1, 2, &outputs, 1.0, &mut gradient);
            assert!(value.is_finite() && value >= 0.0);
            assert!(gradient.iter().all(|slope| slope.is_finite()));
        }
    }
}

//! Distillation of soft labels, the formula of `kd`.

use lelp::log_sum_exp;

use crate::float::Float;
use crate::softmax::scaled;

/// Distillation of one row: `T^2 KL(t || softmax(s / T))`.
///
/// # Shapes
/// `targets`, `outputs`, `gradient`: `[outputs]`; targets are not negative and add up to 1.
///
/// Adds `weight` times the gradient in `s`, `T (softmax(s / T) - t)`. Targets of 0 add nothing to the loss.
///
/// # Source
/// Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2, with its `T^2` inside.
pub fn distillation<F: Float>(
    targets: &[F],
    outputs: &[F],
    temperature: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let scaled = scaled(outputs, temperature);
    let normaliser = log_sum_exp(scaled.clone());
    let mut divergence = 0.0;
    for ((&target, scaled), gradient) in targets.iter().zip(scaled).zip(gradient) {
        let target: f64 = target.into();
        let log_probability = scaled - normaliser;
        if target > 0.0 {
            divergence += target * (target.ln() - log_probability);
        }
        gradient.add(weight * temperature * (log_probability.exp() - target));
    }
    temperature * temperature * divergence
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{assert_gradient, numbers};

    fn targets() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0_u8..10, 6).prop_map(|counts| {
            let total: f64 = counts.iter().map(|&count| f64::from(count)).sum::<f64>().max(1.0);
            let mut targets: Vec<f64> = counts.iter().map(|&count| f64::from(count) / total).collect();
            if counts.iter().all(|&count| count == 0) {
                targets[2] = 1.0;
            }
            targets
        })
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(outputs in numbers(6, 4.0), targets in targets(), temperature in 0.5_f64..8.0) {
            let mut gradient = vec![0.0; 6];
            distillation(&targets, &outputs, temperature, 1.0, &mut gradient);
            assert_gradient(&outputs, &gradient, &|s| distillation(&targets, s, temperature, 1.0, &mut [0.0; 6]));
        }
    }

    #[test]
    fn at_its_optimum_it_is_zero_and_flat() {
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
            let mut gradient = [0.0_f32; 4];
            let value = distillation(&[0.0, 1.0, 0.0, 0.0], &outputs, 0.5, 1.0, &mut gradient);
            assert!(value.is_finite() && value >= 0.0);
            assert!(gradient.iter().all(|slope| slope.is_finite()));
        }
    }
}

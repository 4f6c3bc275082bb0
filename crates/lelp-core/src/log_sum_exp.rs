//! The logarithm of a sum of exponentials, without overflow.

use std::iter::Sum;

use num_traits::Float;

/// `ln sum exp(values)`, in the precision of the values: finite for all finite values, since the largest is taken out
/// before `exp`.
///
/// Minus infinity for no values, or nothing but minus infinities; NaN where a value is.
pub fn log_sum_exp<F: Float + Sum>(values: impl Iterator<Item = F> + Clone) -> F {
    let largest = values.clone().fold(F::neg_infinity(), F::max);
    if largest.is_infinite() {
        let not_a_number = |value: &F| value.is_nan();
        return values.clone().find(not_a_number).unwrap_or(largest);
    }
    largest + values.map(|value| (value - largest).exp()).sum::<F>().ln()
}

/// Logit of a class from the outputs of its subclasses; one output is itself.
#[must_use]
pub fn class_logit(outputs: &[f32]) -> f32 {
    if let [output] = outputs { *output } else { log_sum_exp(outputs.iter().copied()) }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the test asks for the same bits")]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm_of_the_sum_where_exp_overflows_and_underflows() {
        for shift in [0.0, 800.0, -800.0, 1e6] {
            let found = log_sum_exp([shift, shift + 1.0, shift - 2.0].into_iter());
            let exact = shift + (1.0 + 1.0_f64.exp() + (-2.0_f64).exp()).ln();
            assert!((found - exact).abs() < 1e-9, "{found} {exact}");
        }
        assert_eq!(log_sum_exp([90.0_f32].into_iter()), 90.0);
    }

    #[test]
    fn infinities_stay_and_what_is_no_number_shows() {
        let none = f32::NEG_INFINITY;
        assert_eq!(log_sum_exp(std::iter::empty::<f32>()), none);
        assert_eq!(log_sum_exp([none, none].into_iter()), none);
        assert_eq!(log_sum_exp([none, 0.0].into_iter()), 0.0);
        assert_eq!(log_sum_exp([f32::INFINITY, none].into_iter()), f32::INFINITY);
        for values in [[f32::NAN, 0.0], [f32::NAN, none], [f32::NAN, f32::NAN]] {
            assert!(log_sum_exp(values.into_iter()).is_nan());
        }
    }
}

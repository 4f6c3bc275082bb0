//! What tests of losses share.

use proptest::prelude::*;

/// Fourth-order central difference of `loss` in value `place` of `point`.
pub(super) fn derivative(point: &[f64], place: usize, loss: &dyn Fn(&[f64]) -> f64) -> f64 {
    const STEP: f64 = 1e-3;
    let at = |steps: f64| {
        let mut moved = point.to_vec();
        moved[place] += steps * STEP;
        loss(&moved)
    };
    (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP)
}

/// Holds `gradient` at `point` against the derivatives of `loss`, in absolute units.
pub(super) fn assert_gradient(point: &[f64], gradient: &[f64], loss: &dyn Fn(&[f64]) -> f64) {
    for (place, gradient) in gradient.iter().enumerate() {
        let slope = derivative(point, place, loss);
        let close = 1e-8 * slope.abs().max(1.0);
        assert!((gradient - slope).abs() < close, "{place}: gradient {gradient}, slope {slope}");
    }
}

/// `count` numbers within `+-bound`.
pub(super) fn numbers(count: usize, bound: f64) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-bound..bound, count)
}

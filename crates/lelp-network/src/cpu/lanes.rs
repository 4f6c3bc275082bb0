//! Sums in fixed lanes and hyperbolic tangents, to be inlined into loops under [`multiversion::multiversion`].

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]

use lelp::exponential::exp;

/// Lanes of a sum: two AVX registers, to hide the latency of the additions.
const LANES: usize = 16;

/// Sum of `term(i)` for `i` in `0..length`, in fixed lanes.
#[inline(always)]
pub(super) fn sum(length: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = length / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, total) in lanes.iter_mut().enumerate() {
            *total += term(start + lane);
        }
    }
    // Out through memory, so that the loop above keeps its wide registers (see `lelp::vector::dots`).
    let lanes = std::hint::black_box(lanes);
    let mut total = 0.0;
    for pair in 0..LANES / 2 {
        total += lanes[pair] + lanes[pair + LANES / 2];
    }
    (whole..length).fold(total, |total, place| total + term(place))
}

/// `tanh x`, from [`exp`], within 2e-7.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_that_of_the_library() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh({x})");
        }
    }

    #[test]
    fn sums_take_every_place_once() {
        for length in [0, 1, 15, 16, 17, 100] {
            let total = sum(length, |place| place as f32);
            assert!((total - (length * length.saturating_sub(1)) as f32 / 2.0).abs() < 1e-3);
        }
    }
}

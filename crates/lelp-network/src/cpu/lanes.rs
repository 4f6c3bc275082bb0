//! Sums and exponentials in fixed lanes, to be inlined into the loops of [`wide!`](multiversion::multiversion).

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]

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

/// `e^x`, within 2 units in the last place for `x` in -87 to 88, clamped outside: Cody and Waite's
/// reduction to `2^n e^r` with `|r| <= ln(2) / 2`, then a Taylor polynomial of degree 7.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding and taking away 1.5 * 2^23 rounds to a whole number, which stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut value = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        value = value * rest + coefficient;
    }
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    value * f32::from_bits(exponent)
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
    fn exp_and_tanh_are_those_of_the_library() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() < 3e-7 * exact, "exp({x})");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh({x})");
        }
        assert!(exp(-1e30) < 1e-37 && exp(1e30).is_finite());
    }

    #[test]
    fn sums_take_every_place_once() {
        for length in [0, 1, 15, 16, 17, 100] {
            let total = sum(length, |place| place as f32);
            assert!((total - (length * length.saturating_sub(1)) as f32 / 2.0).abs() < 1e-3);
        }
    }
}

//! Exponentials that the compiler vectorises: with the system's, targets took four times their product.
//!
//! `exp(x) = 2^n exp(r)` with `x = n ln 2 + r` and `|r| <= ln(2) / 2` (Cody and Waite 1980): `2^n` is put together from
//! bits, `exp(r)` is its Taylor polynomial of degree 7, whose first term left out is below 6e-9.

// Loops must be compiled inside the function that may use AVX2, so they have to be inlined there.
#![allow(clippy::inline_always)]

/// `2^n` and `r` of `x`, which is in -87 to 88.
#[inline(always)]
fn reduced(x: f32) -> (f32, f32) {
    // ln 2 in two parts, the first with so few bits that its product with n is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    (f32::from_bits(rounded.to_bits().wrapping_add(127) << 23), r)
}

/// `exp(x)` within 2 units in the last place for `x` in -87 to 88, clamped outside.
///
/// The polynomial is Horner's, in which the CPU operations of encoders were trained and measured.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    let (power, r) = reduced(x.clamp(-87.0, 88.0));
    let mut value = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        value = value * r + coefficient;
    }
    value * power
}

/// `exp(x)` for `x <= 0`, within 2 units in the last place; 0 below -80, where products of probabilities
/// would fall out of the normal range of `f32`.
///
/// The same polynomial as in [`exp`], added up in two parts: shorter to wait for, and the bits of all targets.
#[inline(always)]
pub(crate) fn exp_not_positive(x: f32) -> f32 {
    const LOWEST: f32 = -80.0;
    let (power, r) = reduced(x.max(LOWEST));
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
    let polynomial = 1.0 + r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail));
    if x < LOWEST { 0.0 } else { polynomial * power }
}

/// `tanh x`, from [`exp`], within 2e-7.
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// Standard normal distribution and density at `x`: Abramowitz and Stegun 1964, 7.1.26, within 1.5e-7.
#[inline(always)]
#[must_use]
pub fn normal(x: f32) -> (f32, f32) {
    const SCALE: f32 = 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2;
    const COEFFICIENTS: [f32; 4] = [-1.453_152_1, 1.421_413_8, -0.284_496_73, 0.254_829_6];
    let t = 1.0 / (1.0 + SCALE * x.abs());
    let bell = exp(-0.5 * x * x);
    let mut series = 1.061_405_4;
    for coefficient in COEFFICIENTS {
        series = series * t + coefficient;
    }
    let tail = 0.5 * series * t * bell;
    let distribution = if x < 0.0 { tail } else { 1.0 - tail };
    (distribution, 0.398_942_3 * bell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_that_of_the_library() {
        for step in -8700_i16..8800 {
            let x = f32::from(step) / 100.0;
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh({x})");
        }
    }

    #[test]
    fn it_is_the_exponential_within_two_units_in_the_last_place() {
        for step in 0..=800_000_u32 {
            let x = -(step as f32) * 1e-4;
            let exact = f64::from(x).exp();
            let found = f64::from(exp_not_positive(x));
            assert!((found / exact - 1.0).abs() < 2.0 * f64::from(f32::EPSILON), "{x}: {found} {exact}");
        }
        assert_eq!(exp_not_positive(0.0), 1.0);
        assert_eq!((exp_not_positive(-80.1), exp_not_positive(f32::NEG_INFINITY)), (0.0, 0.0));
    }

    #[test]
    fn exp_is_that_of_the_library_and_clamped_outside_its_range() {
        for step in -8700_i16..8800 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() < 3e-7 * exact, "exp({x})");
        }
        assert!(exp(-1e30) < 1e-37 && exp(1e30).is_finite());
    }
}

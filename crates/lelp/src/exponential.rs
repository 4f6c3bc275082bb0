//! An exponential that the compiler vectorises: with the system's, targets took four times their product.

/// `exp(x)` for `x <= 0`, within 2 units in the last place; 0 below -80, where products of probabilities
/// would fall out of the normal range of `f32`.
///
/// `x = n ln 2 + r` with `|r| <= ln(2) / 2`: `2^n` is put together from bits, `exp(r)` is its Taylor
/// polynomial of degree 7, whose first term left out is below 6e-9.
pub(crate) fn exp_not_positive(x: f32) -> f32 {
    const LOWEST: f32 = -80.0;
    // ln 2 in two parts, the first with so few bits that its product with n is exact (Cody and Waite 1980).
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.max(LOWEST);
    let rounded = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (clamped - n * LN_2_HIGH) - n * LN_2_LOW;
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
    let polynomial = 1.0 + r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail));
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    if x < LOWEST { 0.0 } else { polynomial * power }
}

#[cfg(test)]
mod tests {
    use super::exp_not_positive;

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
}

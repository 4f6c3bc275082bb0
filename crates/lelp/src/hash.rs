//! Hashes of numbers, and random numbers that belong to a row: the same wherever and whenever the row is met.

pub use lelp_core::hash::{GOLDEN, hash, mix};

/// A standard normal number for `place` under `seed` (Box and Muller 1958).
pub(crate) fn gaussian(seed: u64, place: u64) -> f32 {
    let first = hash(seed, place);
    let uniform = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64; // 0 and 1 left out
    let radius = (-2.0 * uniform(first).ln()).sqrt();
    (radius * (std::f64::consts::TAU * uniform(mix(first ^ GOLDEN))).cos()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaussians_have_mean_zero_variance_one_and_no_trend() {
        let values: Vec<f64> = (0..100_000).map(|place| f64::from(gaussian(7, place))).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / 1e5;
        assert!(mean(&mut values.iter().copied()).abs() < 0.015);
        assert!((mean(&mut values.iter().map(|x| x * x)) - 1.0).abs() < 0.02);
        assert!((mean(&mut values.iter().map(|x| x.powi(4))) - 3.0).abs() < 0.2);
        assert!(mean(&mut values.windows(2).map(|pair| pair[0] * pair[1])).abs() < 0.015);
        assert!(values.iter().all(|x| x.is_finite()));
        assert_ne!(gaussian(7, 0), gaussian(8, 0));
    }
}

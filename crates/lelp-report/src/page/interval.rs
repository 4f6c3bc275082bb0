//! Means over seeds, and how sure they are.

/// Half the width of the 95 % interval of a mean, by Student's t over `values`; none for fewer than two.
pub(super) fn half_width(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let quantile = quantile(values.len().checked_sub(1)?)?;
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(quantile * (squares / (count - 1.0) / count).sqrt())
}

/// Mean; not a number where there is none.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 97.5 % quantile of Student's t; none for 0 degrees of freedom.
///
/// # Source
/// Exact to three digits up to 10; beyond, the expansion of Cornish and Fisher about the normal quantile.
fn quantile(freedom: usize) -> Option<f64> {
    const EXACT: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    const NORMAL: f64 = 1.959_964;
    let expanded = || {
        let (z, n) = (NORMAL, freedom as f64);
        let first = (z.powi(3) + z) / (4.0 * n);
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n);
        let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3));
        z + first + second + third
    };
    Some(EXACT.get(freedom.checked_sub(1)?).copied().unwrap_or_else(expanded))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles by scipy 1.x, `t.ppf(0.975, n)`.
    #[test]
    fn intervals_are_those_of_students_t() {
        assert_eq!(half_width(&[0.5]), None);
        assert_eq!(half_width(&[]), None);
        let three = half_width(&[1.0, 2.0, 3.0]).unwrap();
        assert!((three - 4.303 / 3.0_f64.sqrt()).abs() < 1e-12);
        for (freedom, expected) in [(11, 2.20099), (30, 2.04227), (200, 1.97190)] {
            assert!((quantile(freedom).unwrap() - expected).abs() < 1e-3, "{freedom}");
        }
    }
}

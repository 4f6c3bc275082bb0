//! Means over seeds, and how sure they are.

use lelp::stats::Spread;

/// Half the width of the 95 % interval of a mean, by Student's t over `values`; none for fewer than two.
pub(super) fn half_width(values: &[f64]) -> Option<f64> {
    Spread::of(values).half_interval(values.len())
}

/// Mean; not a number where there is none.
pub(super) fn mean(values: &[f64]) -> f64 {
    Spread::of(values).mean
}

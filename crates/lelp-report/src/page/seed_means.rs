//! Means over seeds and their confidence intervals.

use lelp::stats::MeanAndDeviation;

/// Half the width of the 95 % confidence interval of the mean of `values`, by Student's t; none for fewer than two.
pub(super) fn half_width(values: &[f64]) -> Option<f64> {
    MeanAndDeviation::of(values).confidence_half_width(values.len())
}

/// Mean of `values`; NaN where there are none.
pub(super) fn mean(values: &[f64]) -> f64 {
    MeanAndDeviation::of(values).mean
}

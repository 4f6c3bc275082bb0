//! Times of answers: one alone says nothing, as whatever else the machine did is in it.

use lelp_train::evaluate::Report;

use super::number_format::microseconds;

/// Microseconds a text over several measurements, which networks of one shape are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Speed {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Speed {
    /// Of students of several seeds; none where fewer than two were measured.
    pub(super) fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Option<Self> {
        let times = reports.into_iter().map(|report| report.microseconds_per_text);
        let mut times: Vec<f64> = times.filter(|time| time.is_finite()).collect();
        times.sort_by(f64::total_cmp);
        let (&[low, ..], &[.., high]) = (&times[..], &times[..]) else { return None };
        let middle = times.len() / 2;
        let median = if times.len() % 2 == 1 {
            times[middle]
        } else {
            f64::midpoint(times[middle - 1], times[middle])
        };
        (times.len() > 1).then_some(Self { median, low, high })
    }

    /// As `3.1 (2.9 to 3.6)`.
    pub(super) fn text(self) -> String {
        let [median, low, high] = [self.median, self.low, self.high].map(microseconds);
        format!("{median} ({low} to {high})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn one_measurement_is_not_shown_and_more_are_with_their_range() {
        let report = |time: f64| {
            let report = serde_json::json!({
                "rows": 1, "labelled_rows": 1, "labels": [], "accuracy": 1.0, "macro_f1": 1.0, "auc": null,
                "negative_log_likelihood": 0.0, "expected_calibration_error": 0.0, "calibration": [],
                "agreement": null, "confusion": [], "microseconds_per_text": time,
            });
            serde_json::from_value::<Report>(report).unwrap()
        };
        let speed = |times: &[f64]| Speed::of(&times.iter().map(|&time| report(time)).collect::<Vec<_>>());
        assert_eq!((speed(&[]), speed(&[3.0])), (None, None));
        assert_eq!(speed(&[4.0, 3.0, 110.0]).unwrap().text(), "4.0 (3.0 to 110)");
        assert_eq!(speed(&[4.0, 3.0]).unwrap().text(), "3.5 (3.0 to 4.0)");
    }
}

//! How sure a student must be to answer in its teacher's place.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};
use thiserror::Error;

use super::Interval;

/// What becomes of rows if the student answers those of which it is at least so sure, and the teacher all others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CascadePoint {
    /// The least probability of the student's class at which it answers; above 1, the teacher answers all.
    pub threshold: f64,
    /// Rows that the student answers.
    pub kept: u64,
    /// Those among them that the teacher would have answered otherwise.
    pub differing: u64,
    /// Share of all rows that are answered as the teacher answers.
    pub agreement: f64,
    /// Lower bound of that share for rows like these, at the confidence that was asked for.
    pub agreement_bound: f64,
}

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CascadePromise {
    agreement: f64,
    confidence: f64,
}

/// A promise that is no promise.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{name} is {value}, but must be above 0 and below 1")]
pub struct CascadePromiseError {
    /// `agreement` or `confidence`.
    pub name: &'static str,
    /// The value.
    pub value: f64,
}

/// Thresholds that are tried: this many halvings of what is left to certainty, [`STEPS`] steps each.
const HALVINGS: u32 = 24;
const STEPS: u32 = 4;

/// A threshold that nothing reaches.
const TEACHER_ALONE: f64 = 2.0;

impl CascadePromise {
    /// At least this share of rows is answered as the teacher answers, in at least this share of validation sets.
    pub fn new(agreement: f64, confidence: f64) -> Result<Self, CascadePromiseError> {
        for (name, value) in [("agreement", agreement), ("confidence", confidence)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(CascadePromiseError { name, value });
            }
        }
        Ok(Self { agreement, confidence })
    }

    /// The share of rows that is promised.
    #[must_use]
    pub fn agreement(self) -> f64 {
        self.agreement
    }

    /// How sure the promise is.
    #[must_use]
    pub fn confidence(self) -> f64 {
        self.confidence
    }

    /// Every threshold of the grid, from the one that sends all rows to the teacher down to the one that sends none.
    ///
    /// # Shapes
    /// `sure`: `[rows]`, the probability of the student's class; `same`: `[rows]`, whether the teacher answers the same.
    ///
    /// # Method
    /// Rows differ at a threshold where the student answers them and the teacher would not have: a share of independent
    /// rows, with the one-sided bound of Clopper and Pearson. The grid is fixed: `1 - (1 - 1/classes) 2^(-j/4)`.
    ///
    /// # Panics
    /// If the lengths differ, there is no row, or fewer than two classes.
    #[must_use]
    pub fn curve(self, sure: &[f32], same: &[bool], classes: usize) -> Vec<CascadePoint> {
        assert_eq!(sure.len(), same.len(), "both models answer the same rows");
        assert!(!sure.is_empty() && classes > 1, "a curve needs rows, and classes to choose between");
        let widest = 1.0 - 1.0 / classes as f64;
        let grid = (0..=HALVINGS * STEPS).rev().map(|step| {
            // The last threshold is below every largest probability, rounding included.
            let left = widest * (-f64::from(step) / f64::from(STEPS)).exp2();
            if step == 0 { 0.0 } else { 1.0 - left }
        });
        let point = |threshold: f64| {
            let kept = sure.iter().zip(same).filter(|(sure, _)| f64::from(**sure) >= threshold);
            let (count, differing) =
                kept.fold((0, 0), |(count, differing), (_, same)| (count + 1, differing + u64::from(!same)));
            let rows = sure.len() as u64;
            // Where the teacher answers all, nothing can differ, whatever the rows.
            let most = if threshold > 1.0 { 0.0 } else { upper_bound(differing, rows, self.confidence) };
            CascadePoint {
                threshold,
                kept: count,
                differing,
                agreement: 1.0 - differing as f64 / rows as f64,
                agreement_bound: 1.0 - most,
            }
        };
        // Above 1: nothing is as sure.
        std::iter::once(TEACHER_ALONE).chain(grid).map(point).collect()
    }

    /// The point of the curve at which the student answers most, with the promise kept: the last before the first one whose
    /// bound is below.
    ///
    /// # Correction
    /// Many thresholds are tried on the same rows. They are tried in a fixed order, the strictest first, and the first
    /// that fails ends it (fixed-sequence testing). As a lower threshold differs on every row that a higher one differs on,
    /// a threshold that breaks the promise can only be chosen if the strictest of those that break it passes: its chance is
    /// at most `1 - confidence`, and the error need not be divided among the thresholds as by Bonferroni.
    ///
    /// # Source
    /// Clopper and Pearson 1934; fixed-sequence testing as in Angelopoulos et al. 2021, "Learn then Test".
    #[must_use]
    pub fn choose(self, curve: &[CascadePoint]) -> CascadePoint {
        let kept = curve.iter().take_while(|point| point.agreement_bound >= self.agreement);
        *kept.last().expect("a curve begins where the teacher answers all")
    }
}

/// Upper end of Clopper and Pearson's one-sided interval for the chance of what came up `count` times in `rows`.
fn upper_bound(count: u64, rows: u64, confidence: f64) -> f64 {
    if count >= rows {
        return 1.0;
    }
    let beta = Beta::new(count as f64 + 1.0, (rows - count) as f64).expect("both shapes are above 0");
    beta.inverse_cdf(confidence)
}

/// Clopper and Pearson's two-sided interval of a share: at least `confidence` of such intervals hold it.
#[must_use]
pub fn share_interval(count: u64, rows: u64, confidence: f64) -> Interval {
    let one_sided = f64::midpoint(1.0, confidence);
    let missed = rows - count.min(rows);
    Interval { low: 1.0 - upper_bound(missed, rows, one_sided), high: upper_bound(count, rows, one_sided) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::*;

    /// `scipy.stats.beta.ppf` and `scipy.stats.binomtest(..).proportion_ci(method="exact")`.
    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        for (count, rows, expected) in
            [(0, 1000, 0.002_991_249), (4, 1000, 0.009_129_6), (10, 100, 0.163_718)]
        {
            let found = upper_bound(count, rows, 0.95);
            assert!((found - expected).abs() < 2e-6, "{count} of {rows}: {found}");
        }
        assert_eq!(upper_bound(7, 7, 0.95), 1.0);
        let interval = share_interval(10, 100, 0.95);
        assert!(
            (interval.low - 0.049_005).abs() < 2e-6 && (interval.high - 0.176_223).abs() < 2e-6,
            "{interval:?}"
        );
        assert_eq!(share_interval(0, 10, 0.95).low, 0.0);
    }

    #[test]
    fn a_promise_outside_of_its_range_is_refused_by_name() {
        for (agreement, confidence, name) in
            [(1.0, 0.95, "agreement"), (f64::NAN, 0.95, "agreement"), (0.9, 0.0, "confidence")]
        {
            assert_eq!(CascadePromise::new(agreement, confidence).unwrap_err().name, name);
        }
    }

    #[test]
    fn a_curve_goes_from_the_teacher_alone_to_the_student_alone() {
        let promise = CascadePromise::new(0.9, 0.95).unwrap();
        for classes in [2, 3, 77] {
            let sure: Vec<f32> =
                (0..50).map(|row| 1.0 / classes as f32 + 0.01 * row as f32).map(|p| p.min(1.0)).collect();
            let same: Vec<bool> = (0..50).map(|row| row % 7 != 0).collect();
            let curve = promise.curve(&sure, &same, classes);
            let (first, last) = (curve[0], curve[curve.len() - 1]);
            assert_eq!((first.kept, first.agreement, first.agreement_bound), (0, 1.0, 1.0));
            assert_eq!((last.kept, last.differing), (50, 8));
            assert!(curve.is_sorted_by(|a, b| a.threshold > b.threshold
                && a.kept <= b.kept
                && a.agreement_bound >= b.agreement_bound));
        }
    }

    #[test]
    fn a_student_that_always_agrees_answers_all_and_one_that_never_does_none() {
        let promise = CascadePromise::new(0.99, 0.95).unwrap();
        let sure = vec![0.9; 1000];
        let all = promise.choose(&promise.curve(&sure, &[true; 1000], 2));
        let none = promise.choose(&promise.curve(&sure, &[false; 1000], 2));
        assert_eq!((all.kept, none.kept), (1000, 0));
        // 200 rows cannot show that fewer than one in a hundred differ: .05^(1/200) is .985.
        let few = promise.choose(&promise.curve(&sure[..200], &[true; 200], 2));
        assert_eq!((few.kept, few.threshold > 0.9), (0, true));
    }

    /// Students whose doubts are worth something, drawn anew 1,000 times: the share of draws in which the threshold that was
    /// chosen breaks the promise for the population is at most what was allowed.
    #[test]
    fn the_promise_holds_in_at_least_95_of_100_draws() {
        let promise = CascadePromise::new(0.97, 0.95).unwrap();
        let mut random = ChaCha20Rng::seed_from_u64(11);
        for (rows, sharpness) in [(300, 1.0), (2000, 1.0), (2000, 4.0)] {
            // A row's sureness p is uniform in .5..1; it differs with chance .3 (2 (1 - p))^sharpness.
            let chance = |p: f64| 0.3 * (2.0 * (1.0 - p)).powf(sharpness);
            // Population share that differs and is kept at t: the integral of chance over 2 dp from t to 1.
            let differing =
                |t: f64| 0.3 * (2.0 * (1.0 - t.clamp(0.5, 1.0))).powf(sharpness + 1.0) / (sharpness + 1.0);
            let (mut broken, mut kept) = (0, 0);
            for _ in 0..1000 {
                let sure: Vec<f32> = (0..rows).map(|_| random.random_range(0.5_f32..1.0)).collect();
                let same: Vec<bool> =
                    sure.iter().map(|&p| random.random::<f64>() >= chance(f64::from(p))).collect();
                let chosen = promise.choose(&promise.curve(&sure, &same, 2));
                broken += u32::from(1.0 - differing(chosen.threshold) < 0.97);
                kept += u32::from(chosen.kept > 0);
            }
            // 50 are expected at the most; three deviations of a draw of 1,000 are 21.
            assert!(broken <= 71, "{broken} of 1000 with {rows} rows");
            assert!(kept > 900, "the student answers nothing in {} draws of {rows} rows", 1000 - kept);
        }
    }
}

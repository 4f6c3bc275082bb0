//! Statistics of a comparison: confidence intervals and tests of a difference between two models.

mod cascade;
mod intervals;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use rand_distr::{Binomial, Distribution};
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial as ExactBinomial, ContinuousCDF, DiscreteCDF, StudentsT};

pub use cascade::{CascadePoint, CascadePromise, CascadePromiseError, share_interval};
pub use intervals::{ConfusionFigure, Interval, confusion_bootstrap};

/// Mean and standard deviation, normalised by `n - 1` (0 for one value).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanAndDeviation {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

impl MeanAndDeviation {
    /// Mean and standard deviation of `values`; NaN where there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Self { mean, deviation }
    }

    /// Half the width of the 95 % confidence interval of the mean of `count` values, by Student's t; `None` for fewer than two.
    #[must_use]
    pub fn confidence_half_width(&self, count: usize) -> Option<f64> {
        let quantile = student(count)?.inverse_cdf(0.975);
        Some(quantile * self.deviation / (count as f64).sqrt())
    }
}

/// Student's t with one degree of freedom less than `count`; `None` for fewer than two.
fn student(count: usize) -> Option<StudentsT> {
    let freedom = count.checked_sub(1).filter(|freedom| *freedom > 0)?;
    Some(StudentsT::new(0.0, 1.0, freedom as f64).expect("scale and freedom are above 0"))
}

/// p-value of the two-sided paired t-test: the chance of a mean difference as large as this if there were none.
///
/// `differences` has one value a pair, as `left - right` of one seed. `None` for fewer than two pairs, and where all
/// differences are equal but not 0: what does not vary says nothing of how it would. Where all are 0 it is 1.
///
/// # Source
/// Student 1908.
#[must_use]
pub fn paired_t_test(differences: &[f64]) -> Option<f64> {
    let distribution = student(differences.len())?;
    let MeanAndDeviation { mean, deviation } = MeanAndDeviation::of(differences);
    // Sums of equal numbers leave a rest of rounding, which is no deviation.
    if deviation <= 1e-12 * mean.abs() {
        return (mean == 0.0).then_some(1.0);
    }
    let t = mean / (deviation / (differences.len() as f64).sqrt());
    Some((2.0 * distribution.cdf(-t.abs())).min(1.0))
}

/// p-value of `McNemar`'s exact test, two-sided: the chance that the rows on which exactly one model is right are split
/// as unevenly as this, or more, if both models were equally good.
///
/// # Shapes
/// `left`, `right`: `[rows]`, whether each row was answered rightly.
///
/// # Source
/// `McNemar` 1947; the exact binomial form, twice the smaller tail, at most 1.
///
/// # Panics
/// If they are of different lengths.
#[must_use]
pub fn mcnemar_test(left: &[bool], right: &[bool]) -> f64 {
    assert_eq!(left.len(), right.len(), "both models answer the same rows");
    let only =
        |one: &[bool], other: &[bool]| one.iter().zip(other).filter(|(one, other)| **one && !**other).count();
    let (fewer, more) = (only(left, right).min(only(right, left)), only(left, right).max(only(right, left)));
    if fewer + more == 0 {
        return 1.0;
    }
    let coin = ExactBinomial::new(0.5, (fewer + more) as u64).expect("a half is a probability");
    (2.0 * coin.cdf(fewer as u64)).min(1.0)
}

/// Result of a paired bootstrap: a mean difference over rows and how it varies with the rows that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The mean difference.
    pub mean: f64,
    /// Lower end of its 95 % interval, by percentiles.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// p-value: twice the share of resamples on the far side of 0, those at 0 and the sample itself counted in; at most 1.
    pub p: f64,
}

/// Resamples of a bootstrap: the smallest p-value it can give is 2 in 10,001.
const RESAMPLES: usize = 10_000;

/// Paired bootstrap over rows: resamples of as many rows, drawn with replacement, of the mean difference.
///
/// `differences` `[rows]` is how much more of a row the left model has right than the right one, such as the share of
/// its seeds. Rows with one difference are drawn together (a multinomial draw), which gives the same distribution.
/// `None` without rows.
///
/// # Source
/// Efron 1979; as a test of two systems on the same rows, Koehn 2004.
#[must_use]
pub fn paired_bootstrap(differences: &[f64], seed: u64) -> Option<Bootstrap> {
    if differences.is_empty() {
        return None;
    }
    let mut sorted = differences.to_vec();
    sorted.sort_by(f64::total_cmp);
    let kinds: Vec<(f64, u64)> =
        sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|equal| (equal[0], equal.len() as u64)).collect();
    let rows = differences.len() as u64;
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| resampled_sum(&kinds, rows, &mut random) / rows as f64).collect();
    means.sort_by(f64::total_cmp);
    // Sums of thirds and fifths are 0 but for rounding.
    let at_most = means.iter().filter(|mean| **mean <= 1e-12).count() + 1;
    let at_least = means.iter().filter(|mean| **mean >= -1e-12).count() + 1;
    let p = (2.0 * at_most.min(at_least) as f64 / (RESAMPLES + 1) as f64).min(1.0);
    let percentile = |share: usize| means[RESAMPLES * share / 1000];
    Some(Bootstrap {
        mean: MeanAndDeviation::of(differences).mean,
        low: percentile(25),
        high: percentile(975),
        p,
    })
}

/// Sum over `rows` rows drawn with replacement from `kinds`, each a value and the number of rows that have it.
fn resampled_sum(kinds: &[(f64, u64)], rows: u64, random: &mut ChaCha20Rng) -> f64 {
    let drawn = resampled(kinds.iter().map(|&(_, count)| count), rows, random);
    kinds.iter().zip(drawn).fold(0.0, |sum, (&(value, _), drawn)| sum + value * drawn as f64)
}

/// How many of `rows` rows drawn with replacement fall on each of `counts`, which add up to `rows`: a multinomial draw,
/// one binomial after the other.
fn resampled(
    counts: impl Iterator<Item = u64>,
    rows: u64,
    random: &mut ChaCha20Rng,
) -> impl Iterator<Item = u64> {
    let (mut left, mut of) = (rows, rows);
    counts.map(move |count| {
        let drawn = match Binomial::new(left, count as f64 / of.max(1) as f64) {
            Ok(binomial) if count < of => binomial.sample(random),
            _ => left, // the last takes what is left
        };
        left -= drawn;
        of -= count;
        drawn
    })
}

/// p-values corrected for multiple comparisons, in the order given: the chance of any false positive among them stays
/// below the level at which they are read (Holm 1979).
#[must_use]
pub fn holm_correction(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        largest = largest.max(p_values[index] * (p_values.len() - place) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_normalised_by_one_less_than_the_values() {
        assert_eq!(
            MeanAndDeviation::of(&[1.0, 3.0]),
            MeanAndDeviation { mean: 2.0, deviation: 2.0_f64.sqrt() }
        );
        assert_eq!(MeanAndDeviation::of(&[0.5]), MeanAndDeviation { mean: 0.5, deviation: 0.0 });
    }

    /// `scipy.stats.ttest_rel` and `scipy.stats.t.ppf` on the same numbers.
    #[test]
    fn the_paired_t_test_is_that_of_scipy() {
        let differences = [0.010, 0.004, -0.001, 0.007, 0.003];
        let p = paired_t_test(&differences).unwrap();
        assert!((p - 0.068_726_94).abs() < 1e-6, "{p}");
        let half = MeanAndDeviation::of(&differences).confidence_half_width(5).unwrap();
        assert!((half - 0.005_164_49).abs() < 1e-6, "{half}");
        assert_eq!(paired_t_test(&[0.5]), None);
        assert_eq!(paired_t_test(&[0.0, 0.0]), Some(1.0));
        assert_eq!(paired_t_test(&[0.1, 0.1, 0.1]), None, "what does not vary tells nothing");
    }

    /// Ten discordant rows, two of them the left model's: `scipy.stats.binomtest(2, 10).pvalue`.
    #[test]
    fn mcnemar_is_the_exact_binomial_test_on_discordant_rows() {
        let left: Vec<bool> = (0..30).map(|row| !(2..10).contains(&row)).collect();
        let right: Vec<bool> = (0..30).map(|row| row >= 2).collect();
        assert!((mcnemar_test(&left, &right) - 0.109_375).abs() < 1e-12);
        assert_eq!(mcnemar_test(&left, &left), 1.0);
    }

    #[test]
    fn the_bootstrap_has_the_deviation_of_the_mean() {
        // 1,000 rows, 60 gained and 40 lost: mean .02, deviation of a row sqrt(.1 - .0004), of the mean a 31.6th.
        let mut differences = vec![0.0; 1000];
        differences[..60].fill(1.0);
        differences[500..540].fill(-1.0);
        let found = paired_bootstrap(&differences, 7).unwrap();
        let deviation = (0.1_f64 - 0.0004).sqrt() / 1000.0_f64.sqrt();
        assert!((found.mean - 0.02).abs() < 1e-12);
        assert!((found.low - (0.02 - 1.96 * deviation)).abs() < 0.1 * deviation, "{found:?}");
        assert!((found.high - (0.02 + 1.96 * deviation)).abs() < 0.1 * deviation, "{found:?}");
        // z = 2.004: p = .045; half of a step of .001 goes to those at 0.
        assert!((found.p - 0.045).abs() < 0.012, "{found:?}");
        assert_eq!(paired_bootstrap(&differences, 7), Some(found));
        assert_eq!(paired_bootstrap(&[0.0; 9], 7).unwrap().p, 1.0);
        assert_eq!(paired_bootstrap(&[], 7), None);
    }

    #[test]
    fn a_difference_that_is_everywhere_has_the_smallest_chance() {
        let found = paired_bootstrap(&[0.25; 50], 1).unwrap();
        assert!((found.p - 2.0 / 10_001.0).abs() < 1e-12);
        assert_eq!((found.low, found.high), (found.mean, found.mean));
    }

    /// `statsmodels.stats.multitest.multipletests(method="holm")`.
    #[test]
    fn holm_multiplies_by_what_is_left_and_never_falls() {
        assert_eq!(holm_correction(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm_correction(&[0.5, 0.9]), [1.0, 1.0]);
    }
}

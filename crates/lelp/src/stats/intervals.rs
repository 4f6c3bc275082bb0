//! Intervals of figures that follow from a confusion matrix.

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use super::resampled;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// From the 2.5th to the 97.5th percentile of a figure's values in draws; none where there are none.
    pub(crate) fn of_draws(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let percentile = |share: usize| values.get(values.len() * share / 1000).copied();
        Some(Self { low: percentile(25)?, high: percentile(975)? })
    }
}

/// A figure of a confusion matrix `[classes, classes]`.
pub type ConfusionFigure<'a> = &'a dyn Fn(&[u64]) -> f64;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 2000;

/// 95 % bootstrap intervals of figures of a confusion matrix, one for each of `figures`: rows drawn with replacement, as
/// many as there are.
///
/// Rows of one label and answer are drawn together (a multinomial draw over the cells), which gives the same
/// distribution. Figures that are not finite are left out; `None` where all are, or without rows.
///
/// # Shapes
/// `confusion`: rows by label and answer, `[classes, classes]`.
///
/// # Source
/// Efron 1979, percentile intervals.
#[must_use]
pub fn confusion_bootstrap(
    confusion: &[u64],
    figures: &[ConfusionFigure<'_>],
    seed: u64,
) -> Vec<Option<Interval>> {
    let rows: u64 = confusion.iter().sum();
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut values: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); figures.len()];
    if rows > 0 {
        for _ in 0..RESAMPLES {
            let drawn: Vec<u64> = resampled(confusion.iter().copied(), rows, &mut random).collect();
            for (values, figure) in values.iter_mut().zip(figures) {
                values.extend(Some(figure(&drawn)).filter(|value| value.is_finite()));
            }
        }
    }
    values.into_iter().map(Interval::of_draws).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(confusion: &[u64]) -> f64 {
        (confusion[0] + confusion[3]) as f64 / confusion.iter().sum::<u64>() as f64
    }

    /// The standard deviation of a share `p` of `n` rows is `sqrt(p (1 - p) / n)`.
    #[test]
    fn the_interval_of_a_share_is_two_deviations_to_each_side() {
        let [Some(interval)] = confusion_bootstrap(&[300, 50, 50, 100], &[&accuracy], 1)[..] else {
            panic!("one interval")
        };
        let deviation = (0.8_f64 * 0.2 / 500.0).sqrt();
        for (end, expected) in
            [(interval.low, 0.8 - 1.96 * deviation), (interval.high, 0.8 + 1.96 * deviation)]
        {
            assert!((end - expected).abs() < 0.15 * deviation, "{interval:?}");
        }
        assert_eq!(
            confusion_bootstrap(&[3, 1, 0, 2], &[&accuracy], 7),
            confusion_bootstrap(&[3, 1, 0, 2], &[&accuracy], 7)
        );
    }

    #[test]
    fn every_draw_has_as_many_rows_and_none_in_an_empty_cell() {
        let mut random = ChaCha20Rng::seed_from_u64(3);
        for table in [vec![5, 0, 0, 7], vec![0, 0, 9, 0], vec![1, 2, 3, 0]] {
            for _ in 0..50 {
                let drawn: Vec<u64> =
                    resampled(table.iter().copied(), table.iter().sum(), &mut random).collect();
                assert_eq!(drawn.iter().sum::<u64>(), table.iter().sum::<u64>());
                assert!(
                    drawn.iter().zip(&table).all(|(drawn, cell)| *cell > 0 || *drawn == 0),
                    "{table:?} {drawn:?}"
                );
            }
        }
        assert_eq!(confusion_bootstrap(&[0; 4], &[&accuracy], 1), [None]);
    }
}

//! Figures of the order that scores put rows in, and how sure they are.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::Evaluation;
use crate::stats::Interval;

/// Rows are drawn anew so often ...
const MOST_RESAMPLES: usize = 2000;
/// ... or, with many rows and classes, so that no more rows are looked at in all ...
const LOOKS: usize = 200_000_000;
/// ... but not less often than this.
const LEAST_RESAMPLES: usize = 200;

/// Rows by increasing score of one class, each with whether it has that class.
struct Ranking {
    rows: Vec<(usize, bool)>,
    /// Ends of the runs of rows whose scores are the same.
    ends: Vec<usize>,
}

impl Ranking {
    fn of(evaluation: &Evaluation<'_>, class: usize) -> Self {
        let score = |row: usize| evaluation.score(row, class);
        let mut order: Vec<usize> = (0..evaluation.rows()).collect();
        order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
        let ends = order.chunk_by(|&a, &b| score(a) >= score(b)).scan(0, |end, tied| {
            *end += tied.len();
            Some(*end)
        });
        let ends = ends.collect();
        let rows = order.iter().map(|&row| (row, evaluation.labels[row] as usize == class)).collect();
        Self { rows, ends }
    }

    /// Rows of the class and all rows in each run of equal scores, by increasing score, where row `i` is there `times(i)`
    /// times.
    fn runs(&self, times: impl Fn(usize) -> u32) -> Vec<(f64, f64)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| {
                let count = |(of_class, all): (u64, u64), &(row, is_of_class): &(usize, bool)| {
                    let times = u64::from(times(row));
                    (of_class + if is_of_class { times } else { 0 }, all + times)
                };
                let (of_class, all) = self.rows[start..end].iter().fold((0, 0), count);
                (of_class as f64, all as f64)
            })
            .collect()
    }
}

/// Mann and Whitney's count of pairs in order, as a share, from the [runs](Ranking::runs); none where there are no pairs.
fn auc(runs: &[(f64, f64)]) -> Option<f64> {
    let (mut ranks, mut positives, mut below) = (0.0, 0.0, 0.0);
    for &(of_class, all) in runs {
        ranks += of_class * (below + f64::midpoint(all, 1.0));
        positives += of_class;
        below += all;
    }
    let pairs = positives * (below - positives);
    (pairs > 0.0).then(|| (ranks - positives * (positives + 1.0) / 2.0) / pairs)
}

/// Mean precision at each row of the class from the highest score down; none where there is no such row.
fn average_precision(runs: &[(f64, f64)]) -> Option<f64> {
    let (mut taken, mut right, mut sum) = (0.0, 0.0, 0.0);
    for &(of_class, all) in runs.iter().rev() {
        taken += all;
        right += of_class;
        if of_class > 0.0 {
            sum += of_class * right / taken;
        }
    }
    (right > 0.0).then(|| sum / right)
}

impl Evaluation<'_> {
    /// Area under the ROC curve: the chance that a row of the class scores above one of another, ties
    /// counted half (Mann and Whitney 1947). `None` where only one class is among the labels.
    ///
    /// With two classes it is that of class 1; with more, the mean over the classes among the labels of
    /// each against the rest.
    #[must_use]
    pub fn auc(&self) -> Option<f64> {
        mean(self.rankings().map(|ranking| auc(&ranking.runs(|_| 1))))
    }

    /// Area under the curve of precision over recall, as the mean precision at each row of the class from the highest
    /// score down, tied rows together: scikit-learn's `average_precision_score`.
    ///
    /// With two classes it is that of class 1; with more, the mean over the classes among the labels of each against the
    /// rest. `None` where no row has such a label.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        mean(self.rankings().map(|ranking| average_precision(&ranking.runs(|_| 1))))
    }

    pub(super) fn average_precision_of(&self, class: usize) -> Option<f64> {
        average_precision(&Ranking::of(self, class).runs(|_| 1))
    }

    /// 95 % bootstrap intervals of [`auc`](Self::auc) and [`average_precision`](Self::average_precision), over the rows
    /// that happened to be drawn: 2,000 draws with replacement of as many rows, fewer (200 at least) where rows times
    /// classes are more than 100,000.
    ///
    /// # Source
    /// Efron 1979, percentile intervals.
    #[must_use]
    pub fn ranking_intervals(&self, seed: u64) -> [Option<Interval>; 2] {
        let rankings: Vec<Ranking> = self.rankings().collect();
        let looks = self.rows().saturating_mul(rankings.len()).max(1);
        let resamples = (LOOKS / looks).clamp(LEAST_RESAMPLES, MOST_RESAMPLES);
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut times = vec![0_u32; self.rows()];
        let (mut aucs, mut precisions) = (Vec::new(), Vec::new());
        for _ in 0..resamples {
            times.fill(0);
            (0..self.rows()).for_each(|_| times[random.random_range(0..self.rows())] += 1);
            let drawn: Vec<_> = rankings.iter().map(|ranking| ranking.runs(|row| times[row])).collect();
            aucs.extend(mean(drawn.iter().map(|runs| auc(runs))));
            precisions.extend(mean(drawn.iter().map(|runs| average_precision(runs))));
        }
        [aucs, precisions].map(Interval::of_draws)
    }

    /// The order by class 1 of two, or by each class of more.
    fn rankings(&self) -> impl Iterator<Item = Ranking> {
        let classes = if self.classes == 2 { 1..2 } else { 0..self.classes };
        classes.map(|class| Ranking::of(self, class))
    }

    /// By how much a class is preferred in a row, to order rows by.
    fn score(&self, row: usize, class: usize) -> f64 {
        match (class, &self.log_probabilities[row * self.classes..][..self.classes]) {
            (1, [no, yes]) => yes - no, // ln p alone would tie all very sure rows
            (_, [no, yes]) => no - yes,
            (class, row) => row[class],
        }
    }
}

/// Mean of those that there are.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let found: Vec<f64> = values.flatten().collect();
    if found.is_empty() { None } else { Some(found.iter().sum::<f64>() / found.len() as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits `[rows, 2]` of rows whose classes are apart by `distance` deviations, and their labels.
    fn drawn(rows: usize, distance: f32, seed: u64) -> (Vec<f32>, Vec<u32>) {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 4 == 0)).collect();
        // The sum of 12 uniform numbers less 6 is all but normal.
        let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
        let logits = labels.iter().flat_map(|&label| [0.0, normal() + distance * label as f32]).collect();
        (logits, labels)
    }

    /// Of 200 files drawn from one source, about 95 in 100 have an interval that holds the figure of the source.
    #[test]
    fn intervals_hold_the_figure_of_the_source_in_about_95_of_100_files() {
        let (logits, labels) = drawn(100_000, 1.0, 1);
        let source = Evaluation::from_logits(&logits, 2, &labels).unwrap();
        let wanted = [source.auc().unwrap(), source.average_precision().unwrap()];
        // Phi(1 / sqrt 2) = .7602.
        assert!((wanted[0] - 0.7602).abs() < 0.005, "{wanted:?}");
        let mut held = [0; 2];
        for file in 0..200 {
            let (logits, labels) = drawn(400, 1.0, 100 + file);
            let evaluation = Evaluation::from_logits(&logits, 2, &labels).unwrap();
            for (place, interval) in evaluation.ranking_intervals(file).into_iter().enumerate() {
                let Interval { low, high } = interval.unwrap();
                assert!(low < high && low >= 0.0 && high <= 1.0);
                held[place] += u32::from((low..=high).contains(&wanted[place]));
            }
        }
        // Three deviations of a draw of 200 at .95 are 9; percentile intervals are a little short.
        assert!(held.iter().all(|&held| (178..=199).contains(&held)), "{held:?}");
    }

    #[test]
    fn a_row_that_is_there_twice_counts_as_two() {
        let (logits, labels) = drawn(50, 0.5, 3);
        let evaluation = Evaluation::from_logits(&logits, 2, &labels).unwrap();
        let ranking = Ranking::of(&evaluation, 1);
        let runs = ranking.runs(|row| (row % 3) as u32);
        let rows: Vec<usize> = (0..50).flat_map(|row| vec![row; row % 3]).collect();
        let again: Vec<f32> = rows.iter().flat_map(|&row| [logits[2 * row], logits[2 * row + 1]]).collect();
        let again_labels: Vec<u32> = rows.iter().map(|&row| labels[row]).collect();
        let doubled = Evaluation::from_logits(&again, 2, &again_labels).unwrap();
        for (one, other) in
            [(auc(&runs), doubled.auc()), (average_precision(&runs), doubled.average_precision())]
        {
            assert!((one.unwrap() - other.unwrap()).abs() < 1e-12, "{one:?} {other:?}");
        }
    }

    #[test]
    fn one_class_alone_has_no_interval_of_its_order_and_the_same_seed_gives_the_same() {
        let (logits, labels) = drawn(40, 0.5, 4);
        let evaluation = Evaluation::from_logits(&logits, 2, &labels).unwrap();
        assert_eq!(evaluation.ranking_intervals(7), evaluation.ranking_intervals(7));
        let none = vec![0; 40];
        let one = Evaluation::from_logits(&logits, 2, &none).unwrap();
        assert_eq!(one.ranking_intervals(7), [None, None]);
    }
}

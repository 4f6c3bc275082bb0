//! The simplest candidate that none beats beyond luck.

use lelp::stats::MeanAndDeviation;

use super::entry::{Criterion, Entry};

/// Standard errors of a difference within which the simpler candidate is taken.
///
/// # Source
/// The rule of one standard error: Breiman, Friedman, Olshen and Stone 1984, "Classification and Regression Trees", section
/// 3.4.3. Departure: the error is that of the difference between two candidates on the same rows.
const LUCK: f64 = 1.0;

/// Standard errors above which labels alone are taken by the validation rows alone: a difference that has a p of .05.
const BEYOND_LUCK: f64 = 2.0;

/// How much more of the rows that decide one candidate has right than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PairedDifference {
    pub(super) mean: f64,
    /// Standard error of the mean over rows, with what students of other seeds vary by.
    pub(super) standard_error: f64,
}

impl PairedDifference {
    /// `better` less `other`: over rows, or over pairs of students of equal seeds where something else than the share of
    /// right rows is selected for.
    pub(super) fn between(better: &Entry, other: &Entry, by: Criterion) -> Self {
        Self::of(&better.values(by), &other.values(by))
    }

    /// `better` less `other`, piece by piece.
    fn of(better: &[f64], other: &[f64]) -> Self {
        let differences: Vec<f64> = better.iter().zip(other).map(|(better, other)| better - other).collect();
        let MeanAndDeviation { mean, deviation } = MeanAndDeviation::of(&differences);
        Self { mean, standard_error: deviation / (differences.len() as f64).sqrt() }
    }

    pub(super) fn is_luck(&self) -> bool {
        self.mean <= LUCK * self.standard_error
    }
}

/// What is taken, and what is best by its score: places among the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) taken: usize,
    pub(super) best: usize,
    /// Whether it was taken by the validation rows alone.
    pub(super) validation_alone: bool,
}

/// Of the entries with most students the simplest one that the best one is not above beyond luck.
pub(super) fn choose(entries: &[Entry], by: Criterion) -> Option<Choice> {
    let most = entries.iter().map(|entry| entry.right.len()).max().filter(|most| *most > 0)?;
    let mut finalists: Vec<usize> =
        (0..entries.len()).filter(|&place| entries[place].right.len() == most).collect();
    finalists.sort_by_key(|&place| entries[place].rank);
    let best = highest(entries, finalists.iter().copied(), by)?;
    let equal = |place: usize| {
        place == best || PairedDifference::between(&entries[best], &entries[place], by).is_luck()
    };
    let taken = finalists.iter().copied().find(|&place| equal(place))?;
    Some(match labels_alone(entries, &finalists, taken, by) {
        Some(taken) => Choice { taken, best: taken, validation_alone: true },
        None => Choice { taken, best, validation_alone: false },
    })
}

/// The one of these with the highest score, the first among equals.
fn highest(
    entries: &[Entry],
    places: impl DoubleEndedIterator<Item = usize>,
    by: Criterion,
) -> Option<usize> {
    places.rev().max_by(|&a, &b| entries[a].score(by).total_cmp(&entries[b].score(by)))
}

/// The best that learns from labels alone, where on the validation rows it is above `taken`, which listens to the teacher, beyond
/// luck.
///
/// Training rows that are held out of a student are no new rows to its teacher, which has learned from their labels: what repeats
/// the teacher has more of them right than of new rows.
fn labels_alone(entries: &[Entry], finalists: &[usize], taken: usize, by: Criterion) -> Option<usize> {
    let listens = |place: usize| entries[place].candidate.distill.needs().teacher();
    if !by.select.is_accuracy() || !listens(taken) {
        return None;
    }
    let best = highest(entries, finalists.iter().copied().filter(|&place| !listens(place)), by)?;
    let [own, taught] = [best, taken].map(|place| entries[place].values(by));
    let difference = PairedDifference::of(&own[..by.validation], &taught[..by.validation]);
    (difference.mean > BEYOND_LUCK * difference.standard_error).then_some(best)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_train::students::StudentSettings;
    use lelp_train::training::SelectionMetric;

    use super::*;
    use crate::auto::Candidate;

    const BY_ACCURACY: Criterion = Criterion { select: SelectionMetric::Accuracy, validation: 1000 };

    /// Candidates that have rows `from..to` of a thousand right, one student each; the first is the simplest.
    fn entries(right: &[std::ops::Range<usize>]) -> Vec<Entry> {
        let entry = |(place, right): (usize, &std::ops::Range<usize>)| Entry {
            candidate: Candidate::new(toml::from_str("method = 'kd'").unwrap(), StudentSettings::default()),
            rank: (0, place, 0),
            right: vec![(0..1000).map(|row| right.contains(&row)).collect()],
            keys: vec![right.len() as f64 / 1000.0],
        };
        right.iter().enumerate().map(entry).collect()
    }

    fn taken(right: &[std::ops::Range<usize>]) -> usize {
        choose(&entries(right), BY_ACCURACY).unwrap().taken
    }

    #[test]
    fn a_richer_candidate_is_taken_where_it_is_above_beyond_one_standard_error() {
        // 20 rows more and none fewer: 20 +- 4.4.
        assert_eq!(taken(&[0..800, 0..820, 0..810]), 1);
        assert_eq!(taken(&[100..900, 0..820]), 1, "100 gained, 80 lost: 20 +- 13.4");
        assert_eq!(taken(&[300..1000, 0..705]), 0, "300 gained, 295 lost: 5 +- 24");
        assert_eq!(taken(&[0..800, 0..800, 0..800]), 0, "the simplest of equals");
        assert_eq!(taken(&[0..820, 0..800]), 0);
    }

    #[test]
    fn only_those_that_came_farthest_are_taken() {
        let mut entries = entries(&[0..800, 0..700, 0..990]);
        for entry in &mut entries[..2] {
            let again = entry.right[0].clone();
            entry.right.push(again);
        }
        let first = Choice { taken: 0, best: 0, validation_alone: false };
        assert_eq!(choose(&entries, BY_ACCURACY), Some(first));
        for entry in &mut entries {
            entry.right.clear();
        }
        assert_eq!(choose(&entries, BY_ACCURACY), None, "no split fits");
    }

    #[test]
    fn labels_alone_are_taken_where_new_rows_are_for_them_beyond_luck() {
        // 400 validation rows, then 600 training rows that were held out: of these what listens to the teacher has more.
        let by = Criterion { validation: 400, ..BY_ACCURACY };
        let race = |labels_alone: usize, taught: usize| {
            let right = |validation: usize, held_out: usize| -> Vec<bool> {
                (0..1000).map(|row| row < validation || (400..400 + held_out).contains(&row)).collect()
            };
            let mut entries = entries(&[0..1, 0..1]);
            entries[0].candidate.distill = toml::from_str("method = 'ce'").unwrap();
            entries[0].right = vec![right(labels_alone, 400)];
            entries[1].right = vec![right(taught, 500)];
            choose(&entries, by).unwrap()
        };
        let by_new_rows = Choice { taken: 0, best: 0, validation_alone: true };
        assert_eq!(race(320, 300), by_new_rows, "20 +- 4.4 of 400 rows");
        let by_all = Choice { taken: 1, best: 1, validation_alone: false };
        assert_eq!(race(303, 300), by_all, "3 +- 1.7");
        assert_eq!(race(300, 300), by_all);
    }

    #[test]
    fn what_is_selected_for_decides() {
        let mut entries = entries(&[0..900, 0..800]);
        entries[0].keys = vec![0.6, 0.5, 0.55];
        entries[1].keys = vec![0.7, 0.65, 0.6];
        for entry in &mut entries {
            entry.right = vec![entry.right[0].clone(); 3];
        }
        assert_eq!(
            choose(&entries, Criterion { select: SelectionMetric::MacroF1, ..BY_ACCURACY }).unwrap().taken,
            1
        );
    }

    #[test]
    fn differences_are_paired_and_in_absolute_units() {
        let entries = entries(&[0..500, 0..510]);
        let difference = PairedDifference::between(&entries[1], &entries[0], BY_ACCURACY);
        assert!((difference.mean - 0.01).abs() < 1e-12);
        // Ten ones among a thousand: sqrt(.01 x .99 / 999).
        assert!((difference.standard_error - (0.0099_f64 / 999.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn each_held_out_row_counts_as_much_as_a_validation_row_that_all_students_are_asked() {
        // 1000 validation rows, and 300 further ones of each of two folds.
        let mut entries = entries(&[0..500, 0..500]);
        for (entry, held_out) in entries.iter_mut().zip([200, 230]) {
            let further = |right: usize| (0..300).map(move |row| row < right);
            entry.right.push(entry.right[0].clone());
            for right in &mut entry.right {
                right.extend(further(held_out));
            }
        }
        let difference = PairedDifference::between(&entries[1], &entries[0], BY_ACCURACY);
        assert!((difference.mean - 60.0 / 1600.0).abs() < 1e-12);
        assert!((entries[0].score(BY_ACCURACY) - 900.0 / 1600.0).abs() < 1e-12);
        assert_eq!(choose(&entries, BY_ACCURACY).unwrap().taken, 1);
    }
}

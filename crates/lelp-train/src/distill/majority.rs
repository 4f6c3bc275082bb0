//! A student held against the answer that is right most often.

use crate::training::ValidationRecord;

/// Fewer rows than this say nothing.
const LEAST_ROWS: usize = 10;
/// Standard deviations, of what always giving one answer comes to, that a student has to be above it.
const DEVIATIONS: f64 = 2.0;

/// The class that is right most often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Majority {
    /// The class.
    pub class: usize,
    /// Share of rows that have it.
    pub share: f64,
}

impl Majority {
    /// The most frequent of the right answers `classes`, where a student of this `score` is right no more often than whoever
    /// always gives that one, up to luck; none where it is, or where there are too few rows to tell.
    #[must_use]
    pub fn not_beaten(score: &ValidationRecord, classes: &[u32]) -> Option<Self> {
        let rows = classes.len();
        if rows < LEAST_ROWS {
            return None;
        }
        let mut counts = vec![0_usize; classes.iter().max().map_or(0, |&most| most as usize + 1)];
        for &class in classes {
            counts[class as usize] += 1;
        }
        let class = (0..counts.len()).rev().max_by_key(|&class| counts[class])?;
        let share = counts[class] as f64 / rows as f64;
        let deviation = (share * (1.0 - share) / rows as f64).sqrt();
        let luck = share + DEVIATIONS * deviation;
        // Where even the right answers are within luck nothing can be told.
        (score.value <= luck && luck < 1.0).then_some(Self { class, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::ValidationMetric;

    fn score(value: f64) -> ValidationRecord {
        ValidationRecord {
            metric: ValidationMetric::Accuracy,
            value,
            negative_log_likelihood: 0.5,
            selected: None,
            one_class: false,
        }
    }

    #[test]
    fn nothing_is_told_where_even_the_right_answers_are_within_luck() {
        assert_eq!(Majority::not_beaten(&score(1.0), &[0; 100]), None);
        let classes: Vec<u32> = (0..100).map(|row| u32::from(row == 0)).collect();
        assert_eq!(Majority::not_beaten(&score(0.99), &classes), None);
    }

    #[test]
    fn a_student_at_chance_is_told_with_the_class_and_a_good_one_is_not() {
        for (rows, rare) in [(10, 2), (100, 2), (101, 3), (1000, 10)] {
            let classes: Vec<u32> = (0..rows).map(|row| u32::from(row % rare == 0)).collect();
            let share = classes.iter().filter(|&&class| class == 0).count() as f64 / classes.len() as f64;
            let found = Majority::not_beaten(&score(share), &classes).unwrap();
            assert_eq!(found.class, usize::from(share < 0.5), "{rows}");
            assert_eq!(Majority::not_beaten(&score(1.0), &classes), None, "{rows}");
        }
        let classes: Vec<u32> = (0..400).map(|row| row % 2).collect();
        assert!(Majority::not_beaten(&score(0.54), &classes).is_some());
        assert!(Majority::not_beaten(&score(0.56), &classes).is_none());
        assert_eq!(Majority::not_beaten(&score(0.0), &classes[..9]), None);
    }
}

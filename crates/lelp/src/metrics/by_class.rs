//! Figures of each class, and what the same answers give where a probability decides.

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// How well one class is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Rows with this label.
    pub rows: u64,
    /// Rows answered with this class.
    pub answered: u64,
    /// Share of the rows answered with this class that have its label; `None` where it is never answered.
    pub precision: Option<f64>,
    /// Share of the rows with this label that are answered so; `None` where no row has it.
    pub recall: Option<f64>,
    /// `2 true / (labelled + answered)`; `None` where it is neither.
    pub f1: Option<f64>,
    /// Area under the curve of precision over recall; `None` where no row has the label.
    pub average_precision: Option<f64>,
}

/// What becomes of the rows if class 1 of two is answered from this probability on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdScores {
    /// The least probability of class 1 at which it is answered.
    pub threshold: f64,
    /// Rows answered with class 1.
    pub answered: u64,
    /// Those among them with its label.
    pub right: u64,
    /// Rows with its label that are answered otherwise.
    pub missed: u64,
    /// Share of the rows answered with class 1 that have its label; `None` where none is.
    pub precision: Option<f64>,
    /// Share of the rows with its label that are answered so; `None` where no row has it.
    pub recall: Option<f64>,
    /// `2 right / (labelled + answered)`; `None` where both are 0.
    pub f1: Option<f64>,
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// What precision, recall and F1 of a class are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassCounts {
    /// Rows answered with the class that have its label.
    right: u64,
    /// Rows with its label.
    rows: u64,
    /// Rows answered with it.
    answered: u64,
}

impl ClassCounts {
    /// Those of `class` in `confusion` `[classes, classes]`, row the label, column the answer.
    pub(super) fn of(confusion: &[u64], classes: usize, class: usize) -> Self {
        Self {
            right: confusion[class * classes + class],
            rows: confusion[class * classes..][..classes].iter().sum(),
            answered: (0..classes).map(|label| confusion[label * classes + class]).sum(),
        }
    }

    /// `2 right / (rows + answered)`; `None` where both are 0.
    pub(super) fn f1(self) -> Option<f64> {
        share(2 * self.right, self.rows + self.answered)
    }
}

impl Evaluation<'_> {
    /// The figures of each class, `[classes]`.
    #[must_use]
    pub fn by_class(&self) -> Vec<ClassScores> {
        let (confusion, classes) = (self.confusion(), self.classes);
        let scores = |class: usize| {
            let counts = ClassCounts::of(&confusion, classes, class);
            ClassScores {
                rows: counts.rows,
                answered: counts.answered,
                precision: share(counts.right, counts.answered),
                recall: share(counts.right, counts.rows),
                f1: counts.f1(),
                average_precision: self.average_precision_of(class),
            }
        };
        (0..classes).map(scores).collect()
    }

    /// With two classes, what other thresholds than one half give; none with more.
    #[must_use]
    pub fn at_thresholds(&self, thresholds: &[f64]) -> Vec<ThresholdScores> {
        if self.classes != 2 {
            return Vec::new();
        }
        let rows = self.labels.iter().filter(|label| **label == 1).count() as u64;
        let at = |&threshold: &f64| {
            let mut counts = ClassCounts { right: 0, rows, answered: 0 };
            for row in (0..self.rows()).filter(|row| self.log_probabilities[2 * row + 1].exp() >= threshold) {
                counts.answered += 1;
                counts.right += u64::from(self.labels[row] == 1);
            }
            ThresholdScores {
                threshold,
                answered: counts.answered,
                right: counts.right,
                missed: rows - counts.right,
                precision: share(counts.right, counts.answered),
                recall: share(counts.right, rows),
                f1: counts.f1(),
            }
        };
        thresholds.iter().map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P1: [f32; 8] = [0.1, 0.4, 0.4, 0.8, 0.9, 0.2, 0.6, 0.4];
    const LABELS: [u32; 8] = [0, 0, 1, 1, 1, 0, 0, 1];

    fn both() -> Vec<f32> {
        P1.iter().flat_map(|&p| [1.0 - p, p]).collect()
    }

    #[test]
    fn figures_of_a_class_are_those_of_the_definitions() {
        let scores = both();
        let evaluation = Evaluation::from_probabilities(&scores, 2, &LABELS).unwrap();
        let [no, yes] = evaluation.by_class()[..] else { panic!("two classes") };
        assert_eq!((no.rows, no.answered, yes.rows, yes.answered), (4, 5, 4, 3));
        assert_eq!((no.precision, no.recall, no.f1), (Some(0.6), Some(0.75), Some(6.0 / 9.0)));
        assert_eq!((yes.precision, yes.recall, yes.f1), (Some(2.0 / 3.0), Some(0.5), Some(4.0 / 7.0)));
        // From the top: .9 and .8 are right (1, 1), .6 is not, then three tied with two right: 4 of 6.
        let area = (1.0 + 1.0 + 2.0 * 4.0 / 6.0) / 4.0;
        assert!((evaluation.average_precision().unwrap() - area).abs() < 1e-12);
        assert_eq!(yes.average_precision, evaluation.average_precision());
    }

    #[test]
    fn a_class_that_is_never_answered_has_no_precision_and_one_without_rows_no_recall() {
        let logits = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let evaluation = Evaluation::from_logits(&logits, 3, &[0, 1]).unwrap();
        let classes = evaluation.by_class();
        assert_eq!((classes[1].precision, classes[1].recall, classes[1].f1), (None, Some(0.0), Some(0.0)));
        assert_eq!((classes[2].recall, classes[2].f1, classes[2].average_precision), (None, None, None));
        assert!(evaluation.at_thresholds(&[0.5]).is_empty());
    }

    #[test]
    fn a_threshold_trades_precision_for_recall() {
        let scores = both();
        let evaluation = Evaluation::from_probabilities(&scores, 2, &LABELS).unwrap();
        let counts = |threshold: f64| {
            let at = evaluation.at_thresholds(&[threshold])[0];
            (at.answered, at.right, at.missed)
        };
        assert_eq!(
            [counts(0.0), counts(0.3), counts(0.7), counts(0.95)],
            [(8, 4, 0), (6, 4, 0), (2, 2, 2), (0, 0, 4)]
        );
        let half = evaluation.at_thresholds(&[0.5])[0];
        assert_eq!((half.precision, half.recall), (Some(2.0 / 3.0), Some(0.5)));
        assert_eq!(evaluation.at_thresholds(&[0.95])[0].precision, None);
    }
}

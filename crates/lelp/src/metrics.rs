//! Metrics of a classifier: accuracy, macro F1, AUC, likelihood, calibration, agreement.

mod by_class;
mod ranking;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use by_class::ClassCounts;
pub use by_class::{ClassScores, ThresholdScores};

use crate::collapse::{check_rows, log_softmax};
use crate::error::ShapeError;
use crate::moments::argmax;
use crate::{Classified, ErrorKind};

/// Bins of the expected calibration error, equally wide.
const CALIBRATION_BINS: usize = 15;

/// Why metrics cannot be computed from scores and labels.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MetricsError {
    /// Lengths do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is no row.
    #[error("found 0 rows, but a metric needs at least 1 labelled row")]
    NoRows,
    /// A label is out of range.
    #[error("label of row {row} is {label}, but must be in 0..{classes}; leave unlabelled rows out")]
    LabelOutOfRange {
        /// Row (first row 0).
        row: usize,
        /// The label.
        label: u32,
        /// Columns of the scores.
        classes: usize,
    },
    /// A score is not a number.
    #[error("score of row {row}, class {class} is not a number; did training diverge?")]
    NotANumber {
        /// Row (first row 0).
        row: usize,
        /// Column.
        class: usize,
    },
}

impl Classified for MetricsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// Predictions whose confidence lies in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Predictions in the bin.
    pub rows: u64,
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Share of correct predictions.
    pub accuracy: f64,
}

/// Predictions and true labels, checked once; every metric is a method.
#[derive(Debug, Clone)]
pub struct Evaluation<'a> {
    classes: usize,
    labels: &'a [u32],
    /// `[rows, classes]`.
    log_probabilities: Vec<f64>,
    /// `[rows]`, the most probable class, the first among equals.
    predictions: Vec<usize>,
}

impl<'a> Evaluation<'a> {
    /// Takes predictions as logits.
    ///
    /// # Shapes
    /// `logits`: `[rows, classes]`; `labels`: `[rows]`, each in `0..classes`.
    ///
    /// # Errors
    /// [`MetricsError`] if shapes disagree, there is no row, a label is no class or a score no number.
    pub fn from_logits(logits: &[f32], classes: usize, labels: &'a [u32]) -> Result<Self, MetricsError> {
        check(logits, classes, labels)?;
        let predictions = logits.chunks_exact(classes).map(argmax).collect();
        Ok(Self { classes, labels, log_probabilities: log_softmax(logits, classes)?, predictions })
    }

    /// Takes predictions as probabilities, as they are.
    ///
    /// # Shapes
    /// `probabilities`: `[rows, classes]`; `labels`: `[rows]`, each in `0..classes`.
    ///
    /// # Errors
    /// As [`from_logits`](Self::from_logits).
    pub fn from_probabilities(
        probabilities: &[f32],
        classes: usize,
        labels: &'a [u32],
    ) -> Result<Self, MetricsError> {
        check(probabilities, classes, labels)?;
        let predictions = probabilities.chunks_exact(classes).map(argmax).collect();
        let log_probabilities = probabilities.iter().map(|&p| f64::from(p).ln()).collect();
        Ok(Self { classes, labels, log_probabilities, predictions })
    }

    /// The most probable class of each row, the first among equals.
    #[must_use]
    pub fn predictions(&self) -> &[usize] {
        &self.predictions
    }

    /// Share of rows whose most probable class is the label.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let pairs = self.predictions.iter().zip(self.labels);
        pairs.filter(|(prediction, label)| **prediction == **label as usize).count() as f64
            / self.rows() as f64
    }

    /// Rows by label and prediction: `[classes, classes]`, row the label, column the prediction.
    #[must_use]
    pub fn confusion(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes * self.classes];
        for (&prediction, &label) in self.predictions.iter().zip(self.labels) {
            counts[label as usize * self.classes + prediction] += 1;
        }
        counts
    }

    /// Mean over classes of `2 true / (labelled + predicted)`.
    ///
    /// A class that is neither a label nor a prediction of any row is left out, as in scikit-learn.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        macro_f1_of(&self.confusion(), self.classes)
    }

    /// Mean of `-ln p(label)`, in nats; infinite where a label has probability 0.
    #[must_use]
    pub fn negative_log_likelihood(&self) -> f64 {
        let rows = self.log_probabilities.chunks_exact(self.classes);
        rows.zip(self.labels).map(|(row, &label)| -row[label as usize]).sum::<f64>() / self.rows() as f64
    }

    /// Expected calibration error over 15 equally wide bins of confidence (Guo et al. 2017): the mean over
    /// rows of `|accuracy - mean confidence|` of the row's bin.
    #[must_use]
    pub fn expected_calibration_error(&self) -> f64 {
        let excess = |bin: &CalibrationBin| bin.rows as f64 * (bin.accuracy - bin.confidence).abs();
        self.calibration().iter().map(excess).sum::<f64>() / self.rows() as f64
    }

    /// Confidence and accuracy in 15 equally wide bins of confidence (a reliability diagram); bins without a row
    /// are left out. A bin contains its upper end.
    #[must_use]
    pub fn calibration(&self) -> Vec<CalibrationBin> {
        let mut bins = [CalibrationBin { rows: 0, confidence: 0.0, accuracy: 0.0 }; CALIBRATION_BINS];
        for (row, (&prediction, &label)) in self.predictions.iter().zip(self.labels).enumerate() {
            let confidence = self.log_probabilities[row * self.classes + prediction].exp();
            let bin = &mut bins[bin_of(confidence)];
            bin.rows += 1;
            bin.confidence += confidence;
            bin.accuracy += if prediction == label as usize { 1.0 } else { 0.0 };
        }
        let mean = |bin: CalibrationBin| {
            let rows = bin.rows as f64;
            CalibrationBin { confidence: bin.confidence / rows, accuracy: bin.accuracy / rows, ..bin }
        };
        bins.into_iter().filter(|bin| bin.rows > 0).map(mean).collect()
    }

    fn rows(&self) -> usize {
        self.labels.len()
    }
}

/// Share of rows on the diagonal of `confusion` `[classes, classes]`; NaN without rows.
#[must_use]
pub fn accuracy_of(confusion: &[u64], classes: usize) -> f64 {
    let right: u64 = (0..classes).map(|class| confusion[class * classes + class]).sum();
    right as f64 / confusion.iter().sum::<u64>() as f64
}

/// [`Evaluation::macro_f1`] of `confusion` `[classes, classes]`, row the label, column the prediction; NaN without rows.
#[must_use]
pub fn macro_f1_of(confusion: &[u64], classes: usize) -> f64 {
    let f1 = |class: usize| ClassCounts::of(confusion, classes, class).f1();
    let scores: Vec<f64> = (0..classes).filter_map(f1).collect();
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// Bin `k` holds confidences in `(k / 15, (k + 1) / 15]`.
#[allow(clippy::cast_sign_loss, reason = "a confidence is not below 0, and `max` sees to the first bin")]
fn bin_of(confidence: f64) -> usize {
    let end = (confidence * CALIBRATION_BINS as f64).ceil().max(1.0);
    (end as usize).min(CALIBRATION_BINS) - 1
}

/// Share of rows on which two score matrices have the same largest class, such as student and teacher.
///
/// # Shapes
/// Both `[rows, classes]`, logits or probabilities.
///
/// # Errors
/// [`MetricsError`] if shapes disagree or there is no row.
pub fn agreement(left: &[f32], right: &[f32], classes: usize) -> Result<f64, MetricsError> {
    check_rows("scores", left.len(), classes)?;
    ShapeError::check("scores of the second", right.len(), left.len())?;
    if left.is_empty() {
        return Err(MetricsError::NoRows);
    }
    let rows = left.chunks_exact(classes).zip(right.chunks_exact(classes));
    let same = rows.filter(|(left, right)| argmax(left) == argmax(right)).count();
    Ok(same as f64 / (left.len() / classes) as f64)
}

fn check(scores: &[f32], classes: usize, labels: &[u32]) -> Result<(), MetricsError> {
    check_rows("scores", scores.len(), classes)?;
    let rows = scores.len().checked_div(classes).unwrap_or(0);
    ShapeError::check("labels", labels.len(), rows)?;
    if rows == 0 {
        return Err(MetricsError::NoRows);
    }
    if let Some(place) = scores.iter().position(|score| score.is_nan()) {
        return Err(MetricsError::NotANumber { row: place / classes, class: place % classes });
    }
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(row) => Err(MetricsError::LabelOutOfRange { row, label: labels[row], classes }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hand-made, with a tie across classes; figures by scikit-learn 1.x on the same numbers.
    const P1: [f32; 8] = [0.1, 0.4, 0.4, 0.8, 0.9, 0.2, 0.6, 0.4];
    const LABELS: [u32; 8] = [0, 0, 1, 1, 1, 0, 0, 1];

    fn both(p1: &[f32]) -> Vec<f32> {
        p1.iter().flat_map(|&p| [1.0 - p, p]).collect()
    }

    #[test]
    fn figures_of_a_small_example_are_those_of_the_definitions() {
        let scores = both(&P1);
        let evaluation = Evaluation::from_probabilities(&scores, 2, &LABELS).unwrap();
        assert_eq!(evaluation.confusion(), [3, 1, 2, 2]);
        assert!((evaluation.accuracy() - 5.0 / 8.0).abs() < 1e-12);
        // F1: 2*3/(4+5) and 2*2/(4+3).
        assert!((evaluation.macro_f1() - f64::midpoint(6.0 / 9.0, 4.0 / 7.0)).abs() < 1e-12);
        // Pairs won by class 1: 0.4 beats .1 .2, ties one .4, loses to .6 (2.5, twice); .8 and .9 beat all 4.
        assert!((evaluation.auc().unwrap() - (2.5 + 2.5 + 4.0 + 4.0) / 16.0).abs() < 1e-12);
        let nll: f64 = [0.9, 0.6, 0.4, 0.8, 0.9, 0.8, 0.4, 0.4_f64].iter().map(|p| -p.ln()).sum();
        assert!((evaluation.negative_log_likelihood() - nll / 8.0).abs() < 1e-6);
        // Confidences .9 .9 | .8 .8 | .6 .6 .6 .6 fall in three bins: correct 2, 2 and 1 of 4.
        let ece = (2.0 - 1.8) + (2.0 - 1.6) + (2.4 - 1.0);
        assert!((evaluation.expected_calibration_error() - ece / 8.0).abs() < 1e-6);
    }

    #[test]
    fn logits_give_the_figures_of_their_probabilities() {
        let probabilities = both(&P1);
        let logits: Vec<f32> = probabilities.iter().map(|p| p.ln() + 3.0).collect();
        let one = Evaluation::from_logits(&logits, 2, &LABELS).unwrap();
        let other = Evaluation::from_probabilities(&probabilities, 2, &LABELS).unwrap();
        assert_eq!(one.confusion(), other.confusion());
        let figures = |e: &Evaluation| [e.negative_log_likelihood(), e.expected_calibration_error()];
        for (a, b) in figures(&one).into_iter().zip(figures(&other)) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn constant_scores_have_an_auc_of_one_half_and_one_class_has_none() {
        let scores = both(&[0.5; 8]);
        assert_eq!(Evaluation::from_logits(&scores, 2, &LABELS).unwrap().auc(), Some(0.5));
        assert_eq!(Evaluation::from_logits(&scores, 2, &[1; 8]).unwrap().auc(), None);
    }

    #[test]
    fn with_three_classes_the_auc_is_the_mean_of_each_against_the_rest() {
        let logits = [3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 3.0, 0.0];
        let evaluation = Evaluation::from_logits(&logits, 3, &[0, 1, 2, 2]).unwrap();
        // Class 0 and class 1: 3 of 3 and 2.5 of 3 pairs; class 2: one row above two, one tied with both.
        assert!((evaluation.auc().unwrap() - (1.0 + 2.5 / 3.0 + 3.0 / 4.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn wrong_input_is_named_with_both_numbers() {
        let text = |r: Result<Evaluation, MetricsError>| r.unwrap_err().to_string();
        assert_eq!(text(Evaluation::from_logits(&[0.0; 4], 2, &[0])), "labels: found 1, expected 2");
        let label = text(Evaluation::from_logits(&[0.0; 4], 2, &[0, 2]));
        assert_eq!(label, "label of row 1 is 2, but must be in 0..2; leave unlabelled rows out");
        assert_eq!(Evaluation::from_logits(&[], 2, &[]).unwrap_err(), MetricsError::NoRows);
        let nan = Evaluation::from_logits(&[0.0, f32::NAN], 2, &[0]).unwrap_err();
        assert_eq!(nan, MetricsError::NotANumber { row: 0, class: 1 });
        assert!(Evaluation::from_logits(&[0.0; 4], 0, &[0, 2]).is_err());
    }

    #[test]
    fn agreement_counts_equal_largest_classes() {
        assert_eq!(agreement(&[0.0, 1.0, 1.0, 0.0], &[0.2, 0.8, 0.4, 0.6], 2), Ok(0.5));
        assert_eq!(agreement(&[], &[], 2), Err(MetricsError::NoRows));
    }
}

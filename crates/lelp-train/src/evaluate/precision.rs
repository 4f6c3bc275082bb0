//! What a model's answers lose where its encoder runs in a lower precision, on a sample of the rows that it is to answer.

use lelp::stats::mcnemar_test;
use lelp::{argmax, softmax};
use lelp_data::Table;
use lelp_model::{PredictError, Predictor};
use serde::Serialize;

/// Below this probability of chance a loss of accuracy on the sample counts as one.
const CHANCE: f64 = 0.1;

/// How the answers in a lower precision compare with those in f32.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrecisionReport {
    /// Rows that both answered.
    pub rows: usize,
    /// Share of them with the same answer.
    pub agreement: f64,
    /// Points of accuracy that are lost in expectation, by the probabilities in f32: the mean of what the answer in f32 has
    /// more than the answer in the lower precision. A doubtful row that turns costs little, a sure one much.
    pub expected_drop: f64,
    /// On the rows that have a label.
    pub accuracy: Option<PrecisionAccuracy>,
}

/// Accuracy in both precisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrecisionAccuracy {
    /// Rows that have a label.
    pub rows: usize,
    /// Share of right answers in f32.
    pub exact: f64,
    /// Share of right answers in the lower precision.
    pub lower: f64,
    /// How likely as many rows turn one way or the other by chance (`McNemar`'s test).
    pub chance: f64,
}

impl PrecisionReport {
    /// Whether more than `most` points of accuracy are lost: in expectation, or on the labels and beyond chance.
    #[must_use]
    pub fn loses_more_than(&self, most: f64) -> bool {
        let by_labels = self.accuracy.as_ref().is_some_and(|accuracy| {
            100.0 * (accuracy.exact - accuracy.lower) > most && accuracy.chance < CHANCE
        });
        self.expected_drop > most || by_labels
    }
}

/// Answers the rows of `table`, which has some, with both models; `labels` are those of the rows, where they are known.
pub fn compare_precisions(
    exact: &dyn Predictor,
    lower: &dyn Predictor,
    table: &Table,
    labels: Option<&[Option<u32>]>,
) -> Result<PrecisionReport, PredictError> {
    let (rows, classes) = (table.rows(), exact.labels().len());
    let probabilities = |model: &dyn Predictor| -> Result<Vec<f32>, PredictError> {
        Ok(softmax(&model.logits(table)?, classes).expect("a model gives a logit for each class"))
    };
    let (exact, lower) = (probabilities(exact)?, probabilities(lower)?);
    let answers = |all: &[f32]| all.chunks_exact(classes).map(argmax).collect::<Vec<usize>>();
    let (exact_answers, lower_answers) = (answers(&exact), answers(&lower));
    let turned = exact_answers.iter().zip(&lower_answers).zip(exact.chunks_exact(classes));
    let lost = turned.map(|((&before, &after), row)| f64::from(row[before] - row[after])).sum::<f64>();
    let same = exact_answers.iter().zip(&lower_answers).filter(|(before, after)| before == after).count();
    let accuracy = labels.map(|labels| {
        let right = |answers: &[usize]| -> Vec<bool> {
            let labelled = labels.iter().zip(answers);
            labelled.filter_map(|(label, &answer)| label.map(|label| label as usize == answer)).collect()
        };
        let (exact, lower) = (right(&exact_answers), right(&lower_answers));
        let share = |right: &[bool]| right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        let chance = mcnemar_test(&exact, &lower);
        PrecisionAccuracy { rows: exact.len(), exact: share(&exact), lower: share(&lower), chance }
    });
    Ok(PrecisionReport {
        rows,
        agreement: same as f64 / rows as f64,
        expected_drop: 100.0 * lost / rows as f64,
        accuracy: accuracy.filter(|accuracy| accuracy.rows > 0),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use lelp_data::Text;
    use lelp_model::ModelSchema;

    use super::*;

    /// A model that gives the logits `[margin, 0]`, row after row.
    #[derive(Debug)]
    struct Fixed(Vec<f32>, ModelSchema, [String; 2]);

    impl Fixed {
        fn new(margins: &[f32]) -> Self {
            Self(margins.to_vec(), ModelSchema::text_or_pair(), ["a".to_owned(), "b".to_owned()])
        }
    }

    impl Predictor for Fixed {
        fn kind(&self) -> &'static str {
            "fixed"
        }

        fn labels(&self) -> &[String] {
            &self.2
        }

        fn schema(&self) -> &ModelSchema {
            &self.1
        }

        fn logits(&self, _: &Table) -> Result<Vec<f32>, PredictError> {
            Ok(self.0.iter().flat_map(|&margin| [margin, 0.0]).collect())
        }
    }

    fn report(exact: &[f32], lower: &[f32], labels: Option<&[Option<u32>]>) -> PrecisionReport {
        let table = Table::from_texts(&vec![Text::from("x"); exact.len()]).unwrap();
        compare_precisions(&Fixed::new(exact), &Fixed::new(lower), &table, labels).unwrap()
    }

    #[test]
    fn a_doubtful_row_that_turns_costs_its_margin_and_a_sure_one_nearly_a_row() {
        let margins = [3.0; 100];
        let with_first = |first: f32| [&[first], &margins[1..]].concat();
        let doubtful = report(&with_first(0.02), &with_first(-0.02), None);
        assert_eq!((doubtful.rows, doubtful.agreement), (100, 0.99));
        let expected = f64::from((0.01_f32).tanh()); // p - (1 - p), of a hundred rows in points
        assert!((doubtful.expected_drop - expected).abs() < 1e-6, "{}", doubtful.expected_drop);
        assert!(!doubtful.loses_more_than(0.1));
        let sure = report(&with_first(8.0), &with_first(-8.0), None);
        assert!(sure.expected_drop > 0.99 && sure.loses_more_than(0.1));
        assert!(report(&margins, &margins, None).expected_drop.abs() < f64::EPSILON);
    }

    #[test]
    fn labels_refuse_a_loss_beyond_chance_alone() {
        let exact = [0.001; 200];
        let lost = |rows: usize| {
            let lower: Vec<f32> = (0..200).map(|row| if row < rows { -0.001 } else { 0.001 }).collect();
            report(&exact, &lower, Some(&[Some(0); 200]))
        };
        assert!(!lost(1).loses_more_than(0.1), "one of 200 is half a point, and may be chance");
        assert!(lost(10).loses_more_than(0.1) && !lost(10).loses_more_than(6.0));
        let accuracy = lost(10).accuracy.unwrap();
        assert_eq!((accuracy.rows, accuracy.exact, accuracy.lower), (200, 1.0, 0.95));
        assert_eq!(report(&exact, &exact, Some(&[None; 200])).accuracy, None);
    }
}

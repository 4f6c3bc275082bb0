//! What an engineer with skewed classes must know of a model, beside its few figures.

use lelp::metrics::{ClassScores, Evaluation, ThresholdScores, accuracy_of, macro_f1_of};
use lelp::stats::{Interval, confusion_bootstrap};
use lelp_data::Dataset;
use serde::{Deserialize, Serialize};

use super::{Answers, EvaluateError};

/// Figures of each class and of other thresholds, and how sure the main ones are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// What always answering the most frequent class gives.
    pub majority: Majority,
    /// 95 % interval of the accuracy over the rows that happened to be drawn.
    pub accuracy_interval: Option<Interval>,
    /// The same of the mean of the classes' F1.
    pub macro_f1_interval: Option<Interval>,
    /// The same of the area under the ROC curve.
    #[serde(default)]
    pub auc_interval: Option<Interval>,
    /// Area under the curve of precision over recall, of class 1, or the mean over classes one against the rest.
    pub average_precision: Option<f64>,
    /// 95 % interval of it over the rows that happened to be drawn.
    #[serde(default)]
    pub average_precision_interval: Option<Interval>,
    /// Each class, in the order of the labels.
    pub classes: Vec<ClassFigures>,
    /// With two classes: what other thresholds than one half give.
    pub thresholds: Vec<ThresholdFigures>,
    /// With two classes: the same at 0, .01 and so on to 1, as curves of precision over recall and of cost.
    pub curve: Vec<ThresholdFigures>,
    /// Mean cost of a row, where costs are given.
    pub cost: Option<f64>,
}

/// The class that most rows have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Majority {
    /// Its name.
    pub label: String,
    /// Share of rows that have it.
    pub accuracy: f64,
    /// Mean of the classes' F1 where it is always answered.
    pub macro_f1: f64,
    /// Mean cost of a row, where costs are given.
    pub cost: Option<f64>,
}

/// A class by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Its name.
    pub label: String,
    /// Its figures.
    #[serde(flatten)]
    pub scores: ClassScores,
}

/// A threshold with its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdFigures {
    /// Its figures.
    #[serde(flatten)]
    pub scores: ThresholdScores,
    /// Mean cost of a row, where costs are given.
    pub cost: Option<f64>,
}

/// The thresholds that are shown.
const THRESHOLDS: [f64; 13] = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Seed of the bootstrap: the same rows give the same intervals.
const SEED: u64 = 0x6c65_6c70;

/// The details of answers to the labelled rows of `data`; `costs` says, for each class, what a row of it costs that is
/// answered otherwise, and `thresholds` which to show in place of the usual ones.
///
/// # Errors
/// [`EvaluateError`] if there are no labels, or not as many costs as classes.
pub fn details(
    answers: &Answers,
    data: &Dataset,
    costs: Option<&[f64]>,
    thresholds: Option<&[f64]>,
) -> Result<Details, EvaluateError> {
    let names = data.label_names();
    let classes = names.len();
    if let Some(costs) = costs.filter(|costs| costs.len() != classes) {
        return Err(EvaluateError::Costs { found: costs.len(), classes });
    }
    let (labels, logits) = super::labelled(answers, data)?;
    let evaluation = Evaluation::from_logits(&logits, classes, &labels)?;
    let confusion = evaluation.confusion();
    let intervals = confusion_bootstrap(
        &confusion,
        &[&|confusion| accuracy_of(confusion, classes), &|confusion| macro_f1_of(confusion, classes)],
        SEED,
    );
    let by_class = evaluation.by_class();
    let mean_cost = |confusion: &[u64]| costs.map(|costs| cost(confusion, costs));
    let figures = |scores: ThresholdScores| {
        let wrong = scores.answered - scores.right;
        let others = by_class[0].rows - wrong;
        let cost = mean_cost(&[others, wrong, scores.missed, scores.right]);
        ThresholdFigures { scores, cost }
    };
    let at = |thresholds: &[f64]| evaluation.at_thresholds(thresholds).into_iter().map(figures).collect();
    let hundredths: Vec<f64> = (0..=100).map(|hundredth| f64::from(hundredth) / 100.0).collect();
    let [auc_interval, average_precision_interval] = evaluation.ranking_intervals(SEED);
    let named = names.iter().cloned().zip(by_class.iter().copied());
    Ok(Details {
        majority: majority(names, &by_class, costs),
        accuracy_interval: intervals[0],
        macro_f1_interval: intervals[1],
        auc_interval,
        average_precision: evaluation.average_precision(),
        average_precision_interval,
        thresholds: at(thresholds.unwrap_or(&THRESHOLDS)),
        curve: at(&hundredths),
        cost: mean_cost(&confusion),
        classes: named.map(|(label, scores)| ClassFigures { label, scores }).collect(),
    })
}

/// The first of the most frequent classes, as if it were always answered.
fn majority(names: &[String], by_class: &[ClassScores], costs: Option<&[f64]>) -> Majority {
    let classes = names.len();
    let most = (0..classes).rev().max_by_key(|&class| by_class[class].rows).unwrap_or(0);
    let mut confusion = vec![0; classes * classes];
    for (class, scores) in by_class.iter().enumerate() {
        confusion[class * classes + most] = scores.rows;
    }
    Majority {
        label: names[most].clone(),
        accuracy: accuracy_of(&confusion, classes),
        macro_f1: macro_f1_of(&confusion, classes),
        cost: costs.map(|costs| cost(&confusion, costs)),
    }
}

/// Mean over rows of the cost of those that are answered otherwise than their label says.
fn cost(confusion: &[u64], costs: &[f64]) -> f64 {
    let rows = confusion.chunks_exact(costs.len()).enumerate();
    let of_label = |(label, answers): (usize, &[u64])| {
        let wrong = answers.iter().sum::<u64>() - answers[label];
        wrong as f64 * costs[label]
    };
    rows.map(of_label).sum::<f64>() / confusion.iter().sum::<u64>() as f64
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use lelp_data::Columns;

    use super::*;

    fn data(labels: &[&str]) -> Dataset {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.csv");
        let rows: Vec<String> = labels.iter().map(|label| format!("a text,{label}\n")).collect();
        std::fs::write(&file, format!("text,label\n{}", rows.concat())).unwrap();
        Dataset::open(&file, &Columns::default()).unwrap()
    }

    /// Nine rows of `no` and one of `yes`, of which the model finds none.
    #[test]
    fn a_model_that_never_answers_a_class_is_as_good_as_the_majority() {
        let labels: Vec<&str> = (0..10).map(|row| if row == 3 { "yes" } else { "no" }).collect();
        let logits = (0..10).flat_map(|row| [1.0, if row == 3 { 0.9 } else { 0.0 }]).collect();
        let answers = Answers { logits, elapsed: Duration::ZERO };
        let found = details(&answers, &data(&labels), Some(&[1.0, 20.0]), None).unwrap();
        assert_eq!((found.majority.label.as_str(), found.majority.accuracy), ("no", 0.9));
        assert_eq!((found.cost, found.majority.cost), (Some(2.0), Some(2.0)));
        assert_eq!((found.classes[1].scores.answered, found.classes[1].scores.recall), (0, Some(0.0)));
        assert_eq!(found.average_precision, Some(1.0));
        // At .4 the row is found: its probability is sigmoid(-.1).
        let at = found.thresholds.iter().find(|at| (at.scores.threshold - 0.4).abs() < 1e-9).unwrap();
        assert_eq!((at.scores.right, at.scores.answered, at.cost), (1, 1, Some(0.0)));
        assert_eq!((found.curve.len(), found.curve[40].scores), (101, at.scores));
        let own = details(&answers, &data(&labels), None, Some(&[0.4, 0.45])).unwrap().thresholds;
        assert_eq!((own.len(), own[0].scores, own[1].scores.right), (2, at.scores, 1));
        let [accuracy, f1] = [found.accuracy_interval, found.macro_f1_interval].map(Option::unwrap);
        assert!(accuracy.low < 0.9 && 0.9 < accuracy.high && accuracy.high <= 1.0, "{accuracy:?}");
        assert!(f1.low < f1.high, "{f1:?}");
        assert!(matches!(
            details(&answers, &data(&labels), Some(&[1.0]), None),
            Err(EvaluateError::Costs { found: 1, classes: 2 })
        ));
    }
}

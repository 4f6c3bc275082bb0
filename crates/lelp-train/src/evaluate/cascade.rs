//! A student that hands on what it is not sure of: what that keeps, what it costs, and where to draw the line.

use lelp::stats::{CascadePoint, CascadePromise};
use lelp::{argmax, softmax};
use lelp_data::Dataset;
use lelp_model::CascadeFigures;
use serde::Serialize;

use super::Answers;

/// What a cascade gives at every threshold, and the one that was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CascadeReport {
    /// Rows that both models answered.
    pub rows: usize,
    /// What was asked for.
    pub promise: CascadePromise,
    /// The threshold that keeps the promise with the fewest rows for the teacher.
    pub chosen: CascadeFigures,
    /// All thresholds of the grid, from the teacher alone to the student alone.
    pub curve: Vec<CascadeFigures>,
}

/// The cascade of a student's answers and its teacher's logits `[rows, classes]` to the same rows; `price` is the teacher's
/// for a million of them.
///
/// # Panics
/// If the answers are not those to the rows of `data`.
#[must_use]
pub fn cascade(
    student: &Answers,
    teacher: &[f32],
    data: &Dataset,
    promise: CascadePromise,
    price: Option<f64>,
) -> CascadeReport {
    let classes = data.label_names().len();
    let probabilities = softmax(&student.logits, classes).expect("logits are whole rows");
    let rows = probabilities.chunks_exact(classes);
    let answers: Vec<usize> = rows.clone().map(argmax).collect();
    let sure: Vec<f32> = rows.zip(&answers).map(|(row, &answer)| row[answer]).collect();
    let teachers: Vec<usize> = teacher.chunks_exact(classes).map(argmax).collect();
    let same: Vec<bool> = answers.iter().zip(&teachers).map(|(one, other)| one == other).collect();
    let curve = promise.curve(&sure, &same, classes);
    let accuracy = |threshold: f64| {
        let answered = (0..answers.len())
            .map(|row| if f64::from(sure[row]) >= threshold { answers[row] } else { teachers[row] });
        let (mut right, mut labelled) = (0_u64, 0_u64);
        for (answer, label) in answered.zip(data.labels()?) {
            labelled += u64::from(label.is_some());
            right += u64::from(label.is_some_and(|label| label as usize == answer));
        }
        (labelled > 0).then(|| right as f64 / labelled as f64)
    };
    let figures = |point: CascadePoint| {
        let to_teacher = 1.0 - point.kept as f64 / answers.len() as f64;
        let cost = price.map(|price| price * to_teacher);
        CascadeFigures { point, to_teacher, accuracy: accuracy(point.threshold), cost }
    };
    let chosen = figures(promise.choose(&curve));
    CascadeReport { rows: answers.len(), promise, chosen, curve: curve.into_iter().map(figures).collect() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fmt::Write as _;
    use std::time::Duration;

    use lelp_data::Columns;

    use super::*;

    /// 1,000 rows: of 900 the student is sure and agrees, of 100 it is not and answers otherwise than the teacher, who is right.
    #[test]
    fn doubtful_rows_go_to_the_teacher_and_cost_its_price() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.csv");
        let mut rows = String::from("text,label\n");
        let (mut student, mut teacher) = (Vec::new(), Vec::new());
        for row in 0..1000 {
            let class = row % 2;
            writeln!(rows, "a text,{}", ["no", "yes"][class]).unwrap();
            let sign = if class == 1 { 1.0 } else { -1.0 };
            teacher.extend([0.0, 3.0 * sign]);
            student.extend([0.0, if row < 900 { 4.0 * sign } else { -0.1 * sign }]);
        }
        std::fs::write(&file, rows).unwrap();
        let data = Dataset::open(&file, &Columns::default()).unwrap();
        let answers = Answers { logits: student, elapsed: Duration::ZERO };
        let promise = CascadePromise::new(0.99, 0.95).unwrap();
        let report = cascade(&answers, &teacher, &data, promise, Some(200.0));
        let chosen = report.chosen;
        assert_eq!((chosen.point.kept, chosen.point.differing, chosen.accuracy), (900, 0, Some(1.0)));
        assert!((chosen.to_teacher - 0.1).abs() < 1e-12 && (chosen.cost.unwrap() - 20.0).abs() < 1e-9);
        let alone = report.curve.last().unwrap();
        assert_eq!((alone.point.kept, alone.accuracy, alone.cost), (1000, Some(0.9), Some(0.0)));
        assert_eq!((report.curve[0].to_teacher, report.curve[0].cost), (1.0, Some(200.0)));
    }
}

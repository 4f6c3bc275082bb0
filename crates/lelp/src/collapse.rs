//! From student outputs to classes, and from logits to probabilities.

use crate::error::ShapeError;
use crate::log_sum_exp;

/// Class logits of a student with subclasses: log-sum-exp over the subclasses of each class.
///
/// `softmax` of the result is the sum of the student's subclass probabilities, so the deployed model
/// needs no more than `classes` outputs. Stable: the largest output is taken out before `exp`;
/// accumulated in `f64`.
///
/// # Shapes
/// - `outputs`: `[rows, classes * per_class]`, column `c * per_class + s`
/// - result: `[rows, classes]`
///
/// # Errors
/// [`ShapeError`] if `outputs` is no whole number of rows.
pub fn collapse(outputs: &[f32], classes: usize, per_class: usize) -> Result<Vec<f32>, ShapeError> {
    check_rows("student outputs", outputs.len(), classes.saturating_mul(per_class))?;
    Ok(outputs.chunks_exact(per_class).map(|group| log_sum_exp(double(group)) as f32).collect())
}

/// The values in `f64`.
fn double(values: &[f32]) -> impl Iterator<Item = f64> + Clone {
    values.iter().map(|&value| f64::from(value))
}

/// Log-probabilities of each row of logits, stable, accumulated in `f64`.
///
/// # Shapes
/// `logits` and result: `[rows, classes]`.
///
/// # Errors
/// [`ShapeError`] if `logits` is no whole number of rows.
pub fn log_softmax(logits: &[f32], classes: usize) -> Result<Vec<f64>, ShapeError> {
    check_rows("logits", logits.len(), classes)?;
    let mut log_probabilities = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let normaliser = log_sum_exp(double(row));
        log_probabilities.extend(row.iter().map(|&z| f64::from(z) - normaliser));
    }
    Ok(log_probabilities)
}

/// Probabilities of each row of logits.
///
/// # Shapes
/// `logits` and result: `[rows, classes]`.
///
/// # Errors
/// [`ShapeError`] if `logits` is no whole number of rows.
pub fn softmax(logits: &[f32], classes: usize) -> Result<Vec<f32>, ShapeError> {
    Ok(log_softmax(logits, classes)?.into_iter().map(|z| z.exp() as f32).collect())
}

/// `values` is a whole number of rows of `columns`.
pub(crate) fn check_rows(what: &'static str, values: usize, columns: usize) -> Result<(), ShapeError> {
    let whole = values.checked_div(columns).unwrap_or(0) * columns;
    ShapeError::check(what, values, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collapse_sums_the_probabilities_of_a_class_even_where_exp_overflows() {
        let outputs = [1000.0, 1001.0, 999.0, 1002.0];
        let all = softmax(&outputs, 4).unwrap();
        let classes = softmax(&collapse(&outputs, 2, 2).unwrap(), 2).unwrap();
        assert!((classes[0] - (all[0] + all[1])).abs() < 1e-4, "{classes:?} {all:?}"); // f32 near 1000: 6e-5
        assert_eq!(collapse(&outputs, 4, 1).unwrap(), outputs);
    }

    #[test]
    fn a_part_of_a_row_is_refused_with_both_numbers() {
        let error = collapse(&[0.0; 7], 2, 2).unwrap_err();
        assert_eq!(error.to_string(), "student outputs: found 7, expected 4");
        assert!(collapse(&[0.0; 4], 0, 2).is_err());
    }

    #[test]
    fn minus_infinity_stays_itself() {
        let none = f32::NEG_INFINITY;
        assert_eq!(collapse(&[none, none, 0.0, none], 2, 2).unwrap(), [none, 0.0]);
    }
}

//! The columns that an n-gram student reads, with bins for its numbers.

use std::num::NonZeroUsize;

use lelp_data::{ColumnKind, Table};
use lelp_model::ngram::NgramColumn;

use crate::students::StudentError;

/// The columns of `table`, the training rows; none where there are texts alone, which need no description.
///
/// A number has at most `bins` bins: one for each of its values where there are no more, and otherwise bins that hold
/// equally many training rows.
///
/// # Errors
/// [`StudentError::Column`] for a vector, which has no features.
pub(super) fn columns(table: &Table, bins: NonZeroUsize) -> Result<Vec<NgramColumn>, StudentError> {
    if table.schema().is_text_only() {
        return Ok(Vec::new());
    }
    let column = |(place, field): (usize, &lelp_data::Field)| {
        let name = field.name.clone();
        Ok(match field.kind {
            ColumnKind::Text => NgramColumn::Text { name },
            ColumnKind::TextPair => NgramColumn::TextPair { name },
            ColumnKind::Category => NgramColumn::Category { name },
            ColumnKind::Number => {
                let numbers = (0..table.rows()).filter_map(|row| table.number(row, place)).collect();
                NgramColumn::Number { name, edges: edges(numbers, bins) }
            }
            kind @ ColumnKind::Vector { .. } => {
                return Err(StudentError::Column { student: "ngram", column: name, kind });
            }
        })
    };
    table.schema().fields().iter().enumerate().map(column).collect()
}

/// Edges between bins, the smallest number of each bin but the first.
fn edges(mut numbers: Vec<f64>, bins: NonZeroUsize) -> Vec<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let mut values = numbers.clone();
    values.dedup();
    if values.len() <= bins.get() {
        return values.get(1..).unwrap_or_default().to_vec();
    }
    let smallest = values[0];
    let quantiles = (1..bins.get()).map(|bin| numbers[bin * numbers.len() / bins]);
    let mut edges: Vec<f64> = quantiles.filter(|&edge| edge > smallest).collect();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[f64], bins: usize) -> Vec<f64> {
        edges(numbers.to_vec(), NonZeroUsize::new(bins).unwrap_or(NonZeroUsize::MIN))
    }

    #[test]
    fn bins_hold_equally_many_rows_and_equal_numbers_share_one() {
        let spread: Vec<f64> = (0..100).map(|number| f64::from(number * number)).collect();
        assert_eq!(of(&spread, 4), [625.0, 2500.0, 5625.0]);
        assert_eq!(of(&[0.0, 1.0, 0.0, 1.0], 16), [1.0]);
        assert_eq!(of(&[0.0, 0.0, -0.0, 1.0], 2), [1.0]);
        assert_eq!(of(&[3.0, 3.0, 3.0, 3.0, 4.0, 5.0], 2), [0.0; 0]);
        assert_eq!(of(&[2.0; 9], 4), [0.0; 0]);
        assert_eq!(of(&[], 4), [0.0; 0]);
        assert_eq!(of(&spread, 1), [0.0; 0]);
    }
}

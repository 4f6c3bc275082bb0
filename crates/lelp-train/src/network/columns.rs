//! What a network reads of each column, from the training rows.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use lelp_data::{ColumnKind, Table};
use lelp_model::mlp::InputColumn;

/// Width of the vectors of words by default. Ours: categories of some hundred words are told apart by it.
pub const CATEGORY_WIDTH: NonZeroUsize = NonZeroUsize::new(8).expect("8 is above 0");

/// Which columns are read, and how.
#[derive(Debug, Clone, Copy)]
pub struct ColumnChoice {
    /// Whether texts are, by a frozen encoder.
    pub text: bool,
    /// Columns of the table of each category.
    pub category_width: NonZeroUsize,
}

/// The columns of `table`, the training rows, as a network reads them: numbers with mean and deviation (divided by the
/// number of rows, `f64`) of those that are there, categories with their words in order.
#[must_use]
pub fn input_columns(table: &Table, choice: ColumnChoice) -> Vec<InputColumn> {
    let fields = table.schema().fields().iter().enumerate();
    let column = |(place, field): (usize, &lelp_data::Field)| {
        let name = field.name.clone();
        Some(match field.kind {
            ColumnKind::Text | ColumnKind::TextPair if !choice.text => return None,
            ColumnKind::Text => InputColumn::Text { name },
            ColumnKind::TextPair => InputColumn::TextPair { name },
            ColumnKind::Vector { width } => InputColumn::Vector { name, width },
            ColumnKind::Number => {
                let (mean, deviation) = mean_and_deviation(table, place);
                InputColumn::Number { name, mean, deviation }
            }
            ColumnKind::Category => {
                let words: BTreeSet<&str> =
                    (0..table.rows()).filter_map(|row| table.category(row, place)).collect();
                let words = words.into_iter().map(str::to_owned).collect();
                InputColumn::Category { name, words, width: choice.category_width }
            }
        })
    };
    fields.filter_map(column).collect()
}

/// Mean and deviation of a number; a deviation of 1 where the rows do not differ.
fn mean_and_deviation(table: &Table, place: usize) -> (f64, f64) {
    let numbers = || (0..table.rows()).filter_map(|row| table.number(row, place));
    let count = numbers().count().max(1) as f64;
    let mean = numbers().map(|number| number / count).sum::<f64>();
    let deviation = numbers().map(|number| (number - mean).powi(2) / count).sum::<f64>().sqrt();
    // Below this the deviation is rounding of the numbers themselves; beyond what is finite nothing is learned from it.
    let varies = deviation.is_finite() && deviation > 1e-12 * mean.abs();
    (mean, if varies { deviation } else { 1.0 })
}

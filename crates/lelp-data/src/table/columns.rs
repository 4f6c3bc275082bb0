//! Columns on their way into a table, and as Arrow holds them.

use std::sync::Arc;

use arrow_array::builder::LargeStringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, Float64Array, LargeStringArray};
use arrow_schema::{DataType, Field as ArrowField};

use super::TableError;
use super::schema::ColumnKind;

/// The values of one column, row after row.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Texts.
    Text(Vec<String>),
    /// Second texts of pairs.
    TextPair(Vec<String>),
    /// Vectors, `[rows, width]`.
    Vector {
        /// Numbers of each vector.
        width: usize,
        /// All numbers, vector after vector.
        values: Vec<f32>,
    },
    /// Numbers; `None` where one is missing.
    Number(Vec<Option<f64>>),
    /// Categories; `None` where one is missing.
    Category(Vec<Option<String>>),
}

impl ColumnValues {
    /// The kind of the column.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Text(_) => ColumnKind::Text,
            Self::TextPair(_) => ColumnKind::TextPair,
            Self::Vector { width, .. } => ColumnKind::Vector { width: *width },
            Self::Number(_) => ColumnKind::Number,
            Self::Category(_) => ColumnKind::Category,
        }
    }

    /// The column in Arrow's layout, `name` for errors.
    pub(super) fn into_arrow(self, name: &str) -> Result<ArrayRef, TableError> {
        let not_finite =
            |row, value| TableError::NotFinite { column: name.to_owned(), row: row as u64, value };
        match self {
            Self::Text(texts) | Self::TextPair(texts) => {
                Ok(Arc::new(LargeStringArray::from_iter_values(texts)))
            }
            Self::Vector { width, values } => {
                if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                    return Err(not_finite(place / width, f64::from(values[place])));
                }
                if values.len() % width != 0 {
                    return Err(TableError::Ragged { column: name.to_owned(), width, numbers: values.len() });
                }
                Ok(Arc::new(vectors(width, values)))
            }
            Self::Number(numbers) => {
                let bad = numbers.iter().position(|number| number.is_some_and(|number| !number.is_finite()));
                match bad {
                    Some(row) => Err(not_finite(row, numbers[row].unwrap_or_default())),
                    None => Ok(Arc::new(Float64Array::from(numbers))),
                }
            }
            Self::Category(words) => {
                let mut builder = LargeStringDictionaryBuilder::<Int32Type>::new();
                builder.extend(words);
                Ok(Arc::new(builder.finish()))
            }
        }
    }
}

/// `[rows, width]` as a list of fixed size; the width is checked by the schema, the length by the caller.
pub(super) fn vectors(width: usize, values: Vec<f32>) -> FixedSizeListArray {
    let size = i32::try_from(width).expect("a schema has no wider vectors");
    FixedSizeListArray::new(vector_item(), size, Arc::new(Float32Array::from(values)), None)
}

pub(super) fn vector_item() -> Arc<ArrowField> {
    Arc::new(ArrowField::new("item", DataType::Float32, false))
}

/// Arrow's type for a column of this kind.
pub(super) fn arrow_type(kind: ColumnKind) -> DataType {
    match kind {
        // 64-bit offsets: a column may hold more than 2 GiB of text.
        ColumnKind::Text | ColumnKind::TextPair => DataType::LargeUtf8,
        ColumnKind::Vector { width } => DataType::FixedSizeList(
            vector_item(),
            i32::try_from(width).expect("a schema has no wider vectors"),
        ),
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Category => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8))
        }
    }
}

/// Whether a column of this kind can have rows without a value.
pub(super) fn nullable(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Number | ColumnKind::Category)
}

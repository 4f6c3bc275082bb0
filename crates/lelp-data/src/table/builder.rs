//! A table that grows by rows.

use arrow_array::builder::{Float64Builder, LargeStringBuilder, LargeStringDictionaryBuilder};
use arrow_array::types::Int32Type;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::columns::vectors;
use super::schema::{ColumnKind, Field, Schema};
use super::{Table, TableError};
use crate::cells::{Value, ValueError, ValueKind};
use crate::columns::ValueColumn;

/// A table that grows by rows; vectors of a column have the width of its first one.
pub(crate) struct TableBuilder {
    columns: Vec<(String, Column)>,
    rows: u64,
}

/// A value that does not fit those before it.
pub(crate) struct WrongValue {
    pub(crate) column: String,
    /// The row, where it is not the one that was added.
    pub(crate) row: Option<u64>,
    pub(crate) problem: ValueError,
}

enum Column {
    Text(LargeStringBuilder),
    /// Texts of as many rows as have one: all, or none.
    TextPair(LargeStringBuilder, u64),
    Vector(Option<usize>, Vec<f32>),
    Number(Float64Builder),
    Category(LargeStringDictionaryBuilder<Int32Type>),
}

impl TableBuilder {
    pub(crate) fn new(columns: Vec<ValueColumn>) -> Self {
        let column = |kind| match kind {
            ValueKind::Text => Column::Text(LargeStringBuilder::new()),
            ValueKind::TextPair => Column::TextPair(LargeStringBuilder::new(), 0),
            ValueKind::Vector => Column::Vector(None, Vec::new()),
            ValueKind::Number => Column::Number(Float64Builder::new()),
            ValueKind::Category | ValueKind::Carried => Column::Category(LargeStringDictionaryBuilder::new()),
        };
        let columns =
            columns.into_iter().map(|ValueColumn { name, kind, .. }| (name, column(kind))).collect();
        Self { columns, rows: 0 }
    }

    /// Adds a row; its values are in the order of the columns, and of their kinds. A row that does not fit changes nothing.
    pub(crate) fn push(&mut self, values: Vec<Value>) -> Result<(), WrongValue> {
        for ((name, column), value) in self.columns.iter().zip(&values) {
            column.check(value, self.rows).map_err(|(row, problem)| WrongValue {
                column: name.clone(),
                row,
                problem,
            })?;
        }
        for ((_, column), value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.rows += 1;
        Ok(())
    }

    /// The table of the rows so far; the next begins empty. A second text that no row has is no column.
    pub(crate) fn finish(&mut self) -> Result<Table, TableError> {
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (name, column) in &mut self.columns {
            let (kind, array): (_, ArrayRef) = match column {
                Column::TextPair(_, 0) => continue,
                Column::Text(texts) => (ColumnKind::Text, Arc::new(texts.finish())),
                Column::TextPair(texts, given) => {
                    *given = 0;
                    (ColumnKind::TextPair, Arc::new(texts.finish()))
                }
                Column::Vector(width, values) => {
                    let width = width.unwrap_or(1);
                    (ColumnKind::Vector { width }, Arc::new(vectors(width, std::mem::take(values))))
                }
                Column::Number(numbers) => (ColumnKind::Number, Arc::new(numbers.finish())),
                Column::Category(categories) => (ColumnKind::Category, Arc::new(categories.finish())),
            };
            fields.push(Field::new(name.clone(), kind));
            arrays.push(array);
        }
        self.rows = 0;
        Table::of_arrays(Schema::new(fields)?, arrays)
    }
}

impl Column {
    /// Whether the value fits those of the `rows` before; otherwise what is wrong, and in which row.
    fn check(&self, value: &Value, rows: u64) -> Result<(), (Option<u64>, ValueError)> {
        match (self, value) {
            // A pair in this row but not in earlier ones is as wrong as the other way round.
            (Self::TextPair(_, given), Value::Text(Some(_))) if *given < rows => {
                Err((Some(0), ValueError::Missing))
            }
            (Self::TextPair(_, given), Value::Text(None)) if *given > 0 => {
                Err((Some(rows), ValueError::Missing))
            }
            (Self::Vector(Some(expected), _), Value::Vector(vector)) if vector.len() != *expected => {
                Err((None, ValueError::Width { found: vector.len(), expected: *expected }))
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Text(texts), Value::Text(text)) => texts.append_value(text.unwrap_or_default()),
            (Self::TextPair(texts, given), Value::Text(Some(text))) => {
                texts.append_value(text);
                *given += 1;
            }
            (Self::TextPair(..), Value::Text(None)) => {}
            (Self::Vector(width, values), Value::Vector(vector)) => {
                width.get_or_insert(vector.len());
                values.extend(vector);
            }
            (Self::Number(numbers), Value::Number(number)) => numbers.append_option(number),
            (Self::Category(categories), Value::Category(category)) => categories.append_option(category),
            _ => unreachable!("values are read by the kinds of their columns"),
        }
    }
}

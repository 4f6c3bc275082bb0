//! Rows of typed columns in memory, and views of some of those rows.

mod builder;
mod columns;
mod error;
mod from_arrow;
mod schema;
mod value;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field as ArrowField, Schema as ArrowSchema};

use crate::Text;

pub(crate) use builder::TableBuilder;
pub use columns::ColumnValues;
pub use error::TableError;
pub(crate) use from_arrow::cell;
pub use schema::{ColumnKind, Field, Schema, SchemaError};
pub use value::TableValue;

/// Rows of typed columns: Arrow batches one behind the other, or a view of some of their rows.
///
/// All columns have the same number of rows, numbers are finite, and only numbers and categories can be missing. To
/// clone a table, to select rows or to put tables behind each other copies no values.
///
/// | kind | Arrow type |
/// |---|---|
/// | text, second text | `LargeUtf8` |
/// | vector | `FixedSizeList<Float32>` |
/// | number | `Float64`, null where it is missing |
/// | category | `Dictionary<Int32, LargeUtf8>`, null where it is missing |
#[derive(Debug, Clone)]
pub struct Table {
    schema: Arc<Schema>,
    batches: Arc<[Batch]>,
    /// Rows of the batches that this view shows, in its order; `None` for all.
    rows: Option<Arc<[usize]>>,
}

/// Some rows as Arrow holds them.
#[derive(Debug, Clone)]
struct Batch {
    columns: RecordBatch,
    /// Rows of this batch and those before it.
    end: usize,
}

impl Table {
    /// A table of these columns, in this order.
    ///
    /// # Errors
    /// [`TableError`] if names or kinds do not fit (see [`Schema`]), lengths differ or a number is not finite.
    pub fn new(columns: Vec<(String, ColumnValues)>) -> Result<Self, TableError> {
        let fields = columns.iter().map(|(name, values)| Field::new(name, values.kind())).collect();
        let schema = Schema::new(fields)?;
        let arrays = columns.into_iter().map(|(name, values)| values.into_arrow(&name));
        Self::of_arrays(schema, arrays.collect::<Result<_, _>>()?)
    }

    /// A table of texts, in columns `text` and, if they are pairs, `text_pair`.
    ///
    /// # Errors
    /// [`TableError::MissingPair`] if some texts are pairs and others are not.
    pub fn from_texts(texts: &[Text<'_>]) -> Result<Self, TableError> {
        let first = texts.iter().map(|text| text.text.to_owned()).collect();
        let mut columns = vec![("text".to_owned(), ColumnValues::Text(first))];
        if texts.iter().any(|text| text.pair.is_some()) {
            let pair = |(row, text): (usize, &Text<'_>)| {
                text.pair.map(str::to_owned).ok_or(TableError::MissingPair { row: row as u64 })
            };
            let pairs = texts.iter().enumerate().map(pair).collect::<Result<_, _>>()?;
            columns.push(("text_pair".to_owned(), ColumnValues::TextPair(pairs)));
        }
        Self::new(columns)
    }

    /// Arrays of the types that the kinds of the schema ask for, checked but for their lengths.
    fn of_arrays(schema: Schema, arrays: Vec<ArrayRef>) -> Result<Self, TableError> {
        let expected = arrays.first().map_or(0, Array::len);
        for (field, array) in schema.fields().iter().zip(&arrays) {
            if array.len() != expected {
                return Err(TableError::Rows {
                    column: field.name.clone(),
                    found: array.len(),
                    first: schema.fields()[0].name.clone(),
                    expected,
                });
            }
        }
        let arrow_field = |field: &Field| {
            ArrowField::new(&field.name, columns::arrow_type(field.kind), columns::nullable(field.kind))
        };
        let arrow_schema = ArrowSchema::new(schema.fields().iter().map(arrow_field).collect::<Vec<_>>());
        let options = RecordBatchOptions::new().with_row_count(Some(expected));
        let batch = RecordBatch::try_new_with_options(Arc::new(arrow_schema), arrays, &options)
            .expect("types follow from the kinds, and lengths are checked");
        let batches = Arc::new([Batch { columns: batch, end: expected }]);
        Ok(Self { schema: Arc::new(schema), batches, rows: None })
    }

    /// The rows of `tables`, one behind the other, with the columns of `self`; see [`Table::conform`].
    ///
    /// # Errors
    /// [`SchemaError`] for the first column that one of `tables` lacks or has in another kind.
    pub fn with_rows_of(&self, tables: &[Self]) -> Result<Self, SchemaError> {
        let mut batches: Vec<Batch> = self.batches.to_vec();
        let mut rows: Option<Vec<usize>> = self.rows.as_ref().map(|rows| rows.to_vec());
        for table in tables {
            let table = table.conform(&self.schema)?;
            let start = batches.last().map_or(0, |batch| batch.end);
            if rows.is_some() || table.rows.is_some() {
                let rows = rows.get_or_insert_with(|| (0..start).collect());
                rows.extend((0..table.rows()).map(|row| start + table.place(row)));
            }
            let further = table
                .batches
                .iter()
                .map(|Batch { columns, end }| Batch { columns: columns.clone(), end: start + end });
            batches.extend(further);
        }
        Ok(Self { schema: Arc::clone(&self.schema), batches: batches.into(), rows: rows.map(Arc::from) })
    }

    /// Names and kinds of the columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.as_ref().map_or_else(|| self.batch_rows(), |rows| rows.len())
    }

    /// The text of a row, or its pair of texts; `None` where the schema has no text.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<Text<'_>> {
        self.schema.text().map(|place| self.text_at(row, place))
    }

    /// The texts of all rows.
    ///
    /// # Errors
    /// [`SchemaError::Missing`] if the schema has no text.
    pub fn texts(&self) -> Result<impl ExactSizeIterator<Item = Text<'_>> + '_, SchemaError> {
        let place = self.schema.require_text()?;
        Ok((0..self.rows()).map(move |row| self.text_at(row, place)))
    }

    /// What is in the column at place `column` of the schema in a row.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[must_use]
    pub fn value(&self, row: usize, column: usize) -> TableValue<'_> {
        match self.schema.fields()[column].kind {
            ColumnKind::Text | ColumnKind::TextPair => TableValue::Text(self.string(row, column)),
            ColumnKind::Vector { .. } => TableValue::Vector(self.vector(row, column)),
            ColumnKind::Number => TableValue::Number(self.number(row, column)),
            ColumnKind::Category => TableValue::Category(self.category(row, column)),
        }
    }

    /// The vector of a row in the column at place `column` of the schema, `[width]`.
    ///
    /// # Panics
    /// If there is no such row, or the column is not a vector.
    #[must_use]
    pub fn vector(&self, row: usize, column: usize) -> &[f32] {
        let ColumnKind::Vector { width } = self.schema.fields()[column].kind else {
            panic!("column {column} is no vector");
        };
        let (batch, row) = self.locate(row);
        let list = batch.column(column).as_fixed_size_list();
        let start = list.value_offset_at(row);
        &list.values().as_primitive::<Float32Type>().values()[start..start + width]
    }

    /// The number of a row in the column at place `column` of the schema; `None` where it is missing.
    ///
    /// # Panics
    /// If there is no such row, or the column is not a number.
    #[must_use]
    pub fn number(&self, row: usize, column: usize) -> Option<f64> {
        let (batch, row) = self.locate(row);
        let numbers = batch.column(column).as_primitive::<Float64Type>();
        numbers.is_valid(row).then(|| numbers.value(row))
    }

    /// The category of a row in the column at place `column` of the schema; `None` where it is missing.
    ///
    /// # Panics
    /// If there is no such row, or the column is not a category.
    #[must_use]
    pub fn category(&self, row: usize, column: usize) -> Option<&str> {
        let (batch, row) = self.locate(row);
        let words = batch.column(column).as_dictionary::<Int32Type>();
        let word = words.key(row)?;
        Some(words.values().as_string::<i64>().value(word))
    }

    /// Some of the rows, in the order given; a row may come twice.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let places = rows.iter().map(|&row| self.place(row)).collect();
        Self { rows: Some(places), ..self.clone() }
    }

    /// The same rows with the columns that `schema` names, in its order; see [`Schema::places_of`].
    ///
    /// The columns take the names that `schema` has for them.
    ///
    /// # Errors
    /// [`SchemaError`] for the first column that is absent or of another kind.
    pub fn conform(&self, schema: &Schema) -> Result<Self, SchemaError> {
        let places = self.schema.places_of(schema)?;
        let conformed = |Batch { columns, end }: &Batch| {
            let arrays = places.iter().map(|&place| Arc::clone(columns.column(place))).collect();
            let table = Self::of_arrays(schema.clone(), arrays);
            let columns = table.expect("columns of one table are of one length").batches[0].columns.clone();
            Batch { columns, end: *end }
        };
        let batches = self.batches.iter().map(conformed).collect();
        Ok(Self { schema: Arc::new(schema.clone()), batches, rows: self.rows.clone() })
    }

    /// Rows of all batches.
    fn batch_rows(&self) -> usize {
        self.batches.last().map_or(0, |batch| batch.end)
    }

    /// Place of a row in the batches.
    fn place(&self, row: usize) -> usize {
        if let Some(rows) = &self.rows {
            return rows[row];
        }
        let rows = self.batch_rows();
        assert!(row < rows, "row {row} of a table of {rows} rows");
        row
    }

    /// The text of a row in the column at `place`, with the second text where there is one.
    fn text_at(&self, row: usize, place: usize) -> Text<'_> {
        Text { text: self.string(row, place), pair: self.schema.pair().map(|pair| self.string(row, pair)) }
    }

    /// The batch of a row, and its place in it.
    fn locate(&self, row: usize) -> (&RecordBatch, usize) {
        let place = self.place(row);
        let batch = self.batches.partition_point(|batch| batch.end <= place);
        let start = batch.checked_sub(1).map_or(0, |before| self.batches[before].end);
        (&self.batches[batch].columns, place - start)
    }

    fn string(&self, row: usize, column: usize) -> &str {
        let (batch, row) = self.locate(row);
        batch.column(column).as_string::<i64>().value(row)
    }
}

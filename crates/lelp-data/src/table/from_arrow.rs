//! Tables that another program hands over as Arrow batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, FixedSizeListArray, RecordBatch};
use arrow_schema::DataType;

use super::builder::{TableBuilder, WrongValue};
use super::columns::vector_item;
use super::schema::{ColumnKind, Field, Schema};
use super::{Table, TableError};
use crate::cells::{Cell, ValueKind};
use crate::column_types::ColumnType;
use crate::columns::ValueColumn;

impl Table {
    /// The columns that `fields` names, of a batch of Arrow arrays; a vector has the width of its first value, and columns
    /// of `types` are read as these say.
    ///
    /// Arrays that are as a table holds them are shared, not copied: `LargeUtf8` texts, `Float64` numbers, and
    /// `FixedSizeList<Float32>` vectors, without nulls where none may be missing. All other strings, numbers, booleans and
    /// lists of numbers are read as a file's would be.
    ///
    /// # Errors
    /// [`SchemaError::Missing`](super::SchemaError::Missing) for a column that is not there; [`TableError::Value`] names
    /// row and column of the first value that does not fit.
    pub fn from_arrow(
        batch: &RecordBatch,
        fields: &[Field],
        types: &BTreeMap<String, ColumnType>,
    ) -> Result<Self, TableError> {
        let mut found = Vec::with_capacity(fields.len());
        let mut arrays = Vec::with_capacity(fields.len());
        for field in fields {
            let array = batch.column_by_name(&field.name).ok_or_else(|| super::SchemaError::Missing {
                column: field.name.clone(),
                kind: field.kind,
                present: batch.schema().fields().iter().map(|field| field.name().clone()).collect(),
            })?;
            let (kind, array) = match types.get(&field.name) {
                Some(&of) => read(&ValueColumn::of_type(&field.name, of), array)?,
                None => column(field, array)?,
            };
            found.push(Field::new(&field.name, kind));
            arrays.push(array);
        }
        Self::of_arrays(Schema::new(found)?, arrays)
    }
}

/// A column as a table holds it.
fn column(field: &Field, array: &ArrayRef) -> Result<(ColumnKind, ArrayRef), TableError> {
    if let Some(shared) = shared(field, array)? {
        return Ok(shared);
    }
    let kind = match field.kind {
        ColumnKind::Text => ValueKind::Text,
        ColumnKind::TextPair => ValueKind::TextPair,
        ColumnKind::Vector { .. } => ValueKind::Vector,
        ColumnKind::Number => ValueKind::Number,
        ColumnKind::Category => ValueKind::Category,
    };
    // A second text stands beside a first, and must be there: on its own it is read as one.
    let read_as = if kind == ValueKind::TextPair { ValueKind::Text } else { kind };
    let (found, array) = read(&ValueColumn::new(&field.name, read_as), array)?;
    Ok((if kind == ValueKind::TextPair { field.kind } else { found }, array))
}

/// A column of its own, its values one by one.
fn read(column: &ValueColumn, array: &ArrayRef) -> Result<(ColumnKind, ArrayRef), TableError> {
    let wrong = |row, problem| TableError::Value { column: column.name.clone(), row: row as u64, problem };
    let mut builder = TableBuilder::new(vec![column.clone()]);
    for row in 0..array.len() {
        let value = column.read(cell(array, row)).map_err(|problem| wrong(row, problem))?;
        builder.push(vec![value]).map_err(|WrongValue { problem, .. }| wrong(row, problem))?;
    }
    let table = builder.finish()?;
    Ok((table.schema().fields()[0].kind, Arc::clone(table.batches[0].columns.column(0))))
}

/// The array itself, where it is as a table holds it.
fn shared(field: &Field, array: &ArrayRef) -> Result<Option<(ColumnKind, ArrayRef)>, TableError> {
    let same = || Some((field.kind, Arc::clone(array)));
    Ok(match (field.kind, array.data_type()) {
        (ColumnKind::Text | ColumnKind::TextPair, DataType::LargeUtf8) if array.null_count() == 0 => same(),
        (ColumnKind::Number, DataType::Float64) => {
            let numbers = array.as_primitive::<Float64Type>();
            match (0..numbers.len()).find(|&row| numbers.is_valid(row) && !numbers.value(row).is_finite()) {
                Some(row) => return Err(not_finite(field, row, numbers.value(row))),
                None => same(),
            }
        }
        (ColumnKind::Vector { .. }, DataType::FixedSizeList(item, width))
            if item.data_type() == &DataType::Float32 && *width > 0 && array.null_count() == 0 =>
        {
            let list = array.as_fixed_size_list();
            let size = usize::try_from(*width).expect("a list has no fewer than 0 values");
            let numbers = list.values().slice(list.offset() * size, list.len() * size);
            if numbers.null_count() > 0 {
                return Ok(None);
            }
            let values = numbers.as_primitive::<Float32Type>().values();
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                return Err(not_finite(field, place / size, values[place].into()));
            }
            let list = FixedSizeListArray::new(vector_item(), *width, numbers, None);
            Some((ColumnKind::Vector { width: size }, Arc::new(list)))
        }
        _ => None,
    })
}

fn not_finite(field: &Field, row: usize, value: f64) -> TableError {
    TableError::NotFinite { column: field.name.clone(), row: row as u64, value }
}

/// What an array holds in a row.
pub(crate) fn cell(array: &ArrayRef, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Missing;
    }
    match array.data_type() {
        DataType::Null => Cell::Missing,
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).into()),
        DataType::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(row).into()),
        DataType::Utf8View => Cell::Text(array.as_string_view().value(row).into()),
        DataType::Boolean => Cell::Boolean(array.as_boolean().value(row)),
        DataType::Float16 => Cell::Float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => Cell::Float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Int8 => whole::<Int8Type>(array, row),
        DataType::Int16 => whole::<Int16Type>(array, row),
        DataType::Int32 => whole::<Int32Type>(array, row),
        DataType::Int64 => whole::<Int64Type>(array, row),
        DataType::UInt8 => whole::<UInt8Type>(array, row),
        DataType::UInt16 => whole::<UInt16Type>(array, row),
        DataType::UInt32 => whole::<UInt32Type>(array, row),
        DataType::UInt64 => whole::<UInt64Type>(array, row),
        DataType::Dictionary(..) => {
            let words = array.as_any_dictionary().values();
            key(array, row).filter(|key| *key < words.len()).map_or(Cell::Missing, |key| cell(words, key))
        }
        DataType::List(_) => numbers(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => numbers(&array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => numbers(&array.as_fixed_size_list().value(row)),
        DataType::Decimal32(_, scale) => {
            decimal(array.as_primitive::<Decimal32Type>().value(row).into(), *scale)
        }
        DataType::Decimal64(_, scale) => {
            decimal(array.as_primitive::<Decimal64Type>().value(row).into(), *scale)
        }
        DataType::Decimal128(_, scale) => decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
        // As in Parquet, bytes that are text are text.
        DataType::Binary => words(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => words(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => words(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Cell::Other("bytes"),
        DataType::Date32 => Cell::Day(array.as_primitive::<Date32Type>().value(row)),
        DataType::Date64 | DataType::Timestamp(..) | DataType::Time32(_) => Cell::Other("a time"),
        DataType::Struct(_) => Cell::Other("a struct"),
        _ => Cell::Other("a value of another type"),
    }
}

/// A whole number over a power of ten.
fn decimal(whole: i128, scale: i8) -> Cell<'static> {
    Cell::Float(whole as f64 / 10_f64.powi(scale.into()))
}

fn words(bytes: &[u8]) -> Cell<'_> {
    std::str::from_utf8(bytes).map_or(Cell::Other("bytes that are not UTF-8"), |text| Cell::Text(text.into()))
}

/// The number of the word that a dictionary has in a row.
fn key(array: &ArrayRef, row: usize) -> Option<usize> {
    let DataType::Dictionary(keys, _) = array.data_type() else { return None };
    match keys.as_ref() {
        DataType::Int8 => array.as_dictionary::<Int8Type>().key(row),
        DataType::Int16 => array.as_dictionary::<Int16Type>().key(row),
        DataType::Int32 => array.as_dictionary::<Int32Type>().key(row),
        DataType::Int64 => array.as_dictionary::<Int64Type>().key(row),
        DataType::UInt8 => array.as_dictionary::<UInt8Type>().key(row),
        DataType::UInt16 => array.as_dictionary::<UInt16Type>().key(row),
        DataType::UInt32 => array.as_dictionary::<UInt32Type>().key(row),
        DataType::UInt64 => array.as_dictionary::<UInt64Type>().key(row),
        _ => None,
    }
}

fn whole<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &ArrayRef, row: usize) -> Cell<'static> {
    Cell::Integer(array.as_primitive::<T>().value(row).into())
}

/// The numbers of a list; what is missing inside a vector is as little a number as not-a-number is.
fn numbers(list: &ArrayRef) -> Cell<'static> {
    let number = |row| match cell(list, row) {
        Cell::Boolean(truth) => Some(f32::from(u8::from(truth))),
        Cell::Integer(whole) => Some(whole as f32),
        Cell::Float(number) => Some(number as f32),
        Cell::Missing => Some(f32::NAN),
        _ => None,
    };
    let numbers: Option<Vec<f32>> = (0..list.len()).map(number).collect();
    numbers.map_or(Cell::Other("a list of other things than numbers"), Cell::Numbers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use arrow_array::{
        BinaryArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array, LargeStringArray,
        ListArray, StringArray,
    };
    use arrow_schema::{Field as ArrowField, Schema as ArrowSchema};

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        let fields =
            columns.iter().map(|(name, array)| ArrowField::new(*name, array.data_type().clone(), true));
        let schema = ArrowSchema::new(fields.collect::<Vec<_>>());
        RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
    }

    fn vectors(values: Vec<f32>) -> ArrayRef {
        Arc::new(FixedSizeListArray::new(vector_item(), 2, Arc::new(Float32Array::from(values)), None))
    }

    #[test]
    fn arrays_of_the_types_of_a_table_are_shared_also_where_they_are_slices() {
        let texts: ArrayRef = Arc::new(LargeStringArray::from(vec!["a", "b", "c"]));
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)]));
        let whole = batch(vec![
            ("query", Arc::clone(&texts)),
            ("price", Arc::clone(&numbers)),
            ("point", vectors(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ]);
        let fields = [
            Field::new("point", ColumnKind::Vector { width: 2 }),
            Field::new("query", ColumnKind::Text),
            Field::new("price", ColumnKind::Number),
        ];
        let table = Table::from_arrow(&whole, &fields, &BTreeMap::new()).unwrap();
        assert!(table.batches[0].columns.column(1).to_data().ptr_eq(&texts.to_data()));
        let last = Table::from_arrow(&whole.slice(1, 2), &fields, &BTreeMap::new()).unwrap();
        assert_eq!((last.vector(1, 0), last.vector(0, 0)), (&[5.0, 6.0][..], &[3.0, 4.0][..]));
        assert_eq!((last.text(1).unwrap().text, last.number(0, 2)), ("c", None));
    }

    #[test]
    fn other_types_are_read_as_a_file_holds_them() {
        let list = ListArray::from_iter_primitive::<Float64Type, _, _>([
            Some(vec![Some(1.0), Some(2.0)]),
            Some(vec![Some(3.0), Some(4.0)]),
        ]);
        let rows = batch(vec![
            ("text", Arc::new(StringArray::from(vec!["a", "b"]))),
            ("text_pair", Arc::new(StringArray::from(vec!["c", "d"]))),
            ("price", Arc::new(Int64Array::from(vec![Some(7), None]))),
            ("kind", Arc::new(StringArray::from(vec![Some("x"), None]))),
            ("point", Arc::new(list)),
        ]);
        let fields = [
            Field::new("text", ColumnKind::Text),
            Field::new("text_pair", ColumnKind::TextPair),
            Field::new("price", ColumnKind::Number),
            Field::new("kind", ColumnKind::Category),
            Field::new("point", ColumnKind::Vector { width: 1 }),
        ];
        let table = Table::from_arrow(&rows, &fields, &BTreeMap::new()).unwrap();
        assert_eq!(table.text(1).unwrap().pair, Some("d"));
        assert_eq!((table.number(0, 2), table.number(1, 2)), (Some(7.0), None));
        assert_eq!((table.category(0, 3), table.category(1, 3)), (Some("x"), None));
        assert_eq!(table.vector(1, 4), [3.0, 4.0]);
    }

    #[test]
    fn decimals_are_numbers_and_bytes_that_are_text_are_text() {
        let price = Decimal128Array::from(vec![Some(-1250), None]).with_precision_and_scale(10, 2).unwrap();
        let rows = batch(vec![
            ("text", Arc::new(BinaryArray::from(vec![&b"a"[..], "\u{e9}".as_bytes()]))),
            ("price", Arc::new(price)),
        ]);
        let fields = [Field::new("text", ColumnKind::Text), Field::new("price", ColumnKind::Number)];
        let table = Table::from_arrow(&rows, &fields, &BTreeMap::new()).unwrap();
        assert_eq!(
            (table.text(1).unwrap().text, table.number(0, 1), table.number(1, 1)),
            ("\u{e9}", Some(-12.5), None)
        );
        let latin = batch(vec![("text", Arc::new(BinaryArray::from(vec![&b"caf\xe9"[..]])))]);
        let refused = Table::from_arrow(&latin, &fields[..1], &BTreeMap::new()).unwrap_err().to_string();
        assert_eq!(refused, "row 0: column `text` holds bytes that are not UTF-8, but a string is needed");
    }

    #[test]
    fn columns_of_a_type_are_read_as_it_says() {
        let types = BTreeMap::from([("day".to_owned(), "date".parse().unwrap())]);
        let fields = [Field::new("day", ColumnKind::Number)];
        let read = |array: ArrayRef| Table::from_arrow(&batch(vec![("day", array)]), &fields, &types);
        let days = read(Arc::new(Date32Array::from(vec![Some(1), None]))).unwrap();
        let texts = read(Arc::new(StringArray::from(vec![Some("1970-01-02"), None]))).unwrap();
        for table in [days, texts] {
            assert_eq!((table.number(0, 0), table.number(1, 0)), (Some(1.0), None));
        }
        // The numbers that a date is read as are no dates.
        let numbers = read(Arc::new(Float64Array::from(vec![1.0]))).unwrap_err().to_string();
        assert_eq!(numbers, "row 0: column `day` holds a number, but a date as 2026-11-30 is needed");
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_by_row_and_column() {
        let refusal = |array: ArrayRef, kind| {
            let fields = [Field::new("c", kind)];
            let refused = Table::from_arrow(&batch(vec![("c", array)]), &fields, &BTreeMap::new());
            refused.unwrap_err().to_string()
        };
        let word = refusal(Arc::new(StringArray::from(vec!["1"])), ColumnKind::Number);
        assert_eq!(word, "row 0: column `c` holds a string, but a number is needed");
        let absent = refusal(Arc::new(StringArray::from(vec![Some("a"), None])), ColumnKind::Text);
        assert_eq!(absent, "row 1: column `c` is empty (null) here");
        let width = ColumnKind::Vector { width: 2 };
        let infinite = refusal(vectors(vec![0.0, 0.0, 0.0, f32::INFINITY]), width);
        assert_eq!(infinite, "row 1: column `c` holds inf, but numbers must be finite");
        let list = ListArray::from_iter_primitive::<Float64Type, _, _>([
            Some(vec![Some(1.0)]),
            Some(vec![Some(3.0), Some(4.0)]),
        ]);
        let ragged = refusal(Arc::new(list), width);
        assert_eq!(ragged, "row 1: column `c` holds a vector of 2 numbers, but 1 in the rows before");
    }
}

//! What Python hands over, as a table of the columns that a model reads.

use std::borrow::Cow;
use std::error::Error;

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use lelp_data::{ColumnKind, ColumnSettings, ColumnType, ColumnValues, Field, Table};
use lelp_model::ModelSchema;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyCapsule, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::errors::Raised;

/// Names, kinds (or types) and widths of the columns that a model reads, an optional second text among them.
pub(crate) fn describe(
    schema: &ModelSchema,
    made_of: &ColumnSettings,
) -> Vec<(String, &'static str, Option<usize>)> {
    let described = |field: &Field| match field.kind {
        _ if made_of.types.contains_key(&field.name) => {
            (field.name.clone(), made_of.types[&field.name].name(), None)
        }
        ColumnKind::Text => (made_of.text.clone().unwrap_or_else(|| field.name.clone()), "text", None),
        ColumnKind::TextPair => {
            (made_of.pair.clone().unwrap_or_else(|| field.name.clone()), "text_pair", None)
        }
        ColumnKind::Vector { width } => (field.name.clone(), "vector", Some(width)),
        ColumnKind::Number => (field.name.clone(), "number", None),
        ColumnKind::Category => (field.name.clone(), "category", None),
    };
    let mut columns: Vec<_> = schema.needed().fields().iter().map(described).collect();
    if schema.reads_optional_pair() {
        columns.push((optional_pair(made_of), "optional_text_pair", None));
    }
    columns
}

/// Name of a second text that need not be there.
fn optional_pair(made_of: &ColumnSettings) -> String {
    made_of.pair.clone().unwrap_or_else(|| "text_pair".to_owned())
}

/// The columns to look for, of those that are called `present`: texts by the names of the training data, or else by the usual
/// ones; where a model reads texts alone and none has such a name, the only column is the text.
fn wanted(schema: &ModelSchema, made_of: &ColumnSettings, present: &[String]) -> Vec<Field> {
    let mut fields = schema.needed().fields().to_vec();
    if schema.needed().is_text_only() {
        for field in &mut fields {
            let (own, usual) = match field.kind {
                ColumnKind::Text => (&made_of.text, "text"),
                _ => (&made_of.pair, "text_pair"),
            };
            if let Some(own) = own.as_ref().filter(|own| present.contains(own)) {
                field.name.clone_from(own);
            } else if !present.contains(&field.name) && present.iter().any(|name| name == usual) {
                usual.clone_into(&mut field.name);
            }
        }
        if let ([field], [only]) = (fields.as_mut_slice(), present) {
            field.name.clone_from(only);
        }
    }
    let pair = optional_pair(made_of);
    if schema.reads_optional_pair() && present.contains(&pair) {
        fields.push(Field::new(pair, ColumnKind::TextPair));
    }
    fields
}

/// A table of texts, or of pairs `(first, second)`; none of no rows.
pub(crate) fn table_of_texts(texts: &Bound<'_, PyList>) -> PyResult<Option<Table>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let pairs = pair_of(&texts.get_item(0)?)?.is_some();
    let mut first = Vec::with_capacity(texts.len());
    let mut second = Vec::new();
    for (row, item) in texts.iter().enumerate() {
        let pair = pair_of(&item)?;
        if pair.is_some() != pairs {
            let kind = |pair| if pair { "a pair" } else { "a text" };
            let (found, before) = (kind(!pairs), kind(pairs));
            return Err(Raised::input(format!("row {row} is {found}, but row 0 is {before}")).into());
        }
        match pair {
            Some([one, other]) => {
                first.push(text(&one, row, "text")?);
                second.push(text(&other, row, "text_pair")?);
            }
            None => first.push(text(&item, row, "text")?),
        }
    }
    let mut columns = vec![("text".to_owned(), ColumnValues::Text(first))];
    if !second.is_empty() {
        columns.push(("text_pair".to_owned(), ColumnValues::TextPair(second)));
    }
    Ok(Some(Table::new(columns).map_err(Raised::from)?))
}

/// A table of the columns that the model reads; none of no rows.
pub(crate) fn table_of_columns(
    schema: &ModelSchema,
    made_of: &ColumnSettings,
    columns: &[(String, Bound<'_, PyAny>)],
) -> PyResult<Option<Table>> {
    let present: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let mut read = Vec::new();
    for field in wanted(schema, made_of, &present) {
        let Some((name, values)) = columns.iter().find(|(name, _)| *name == field.name) else {
            let needed = field.kind.describe();
            let (name, present) = (field.name, present.join("`, `"));
            return Err(Raised::input(format!(
                "there is no column `{name}` ({needed}); there are `{present}`"
            ))
            .into());
        };
        read.push((
            name.clone(),
            match made_of.types.get(name) {
                Some(&of) => typed_column(of, name, values)?,
                None => column(field.kind, name, values)?,
            },
        ));
    }
    let empty = columns.iter().all(|(_, values)| values.len().is_ok_and(|rows| rows == 0));
    if empty {
        return Ok(None);
    }
    Ok(Some(Table::new(read).map_err(Raised::from)?))
}

fn column(kind: ColumnKind, name: &str, values: &Bound<'_, PyAny>) -> PyResult<ColumnValues> {
    if let ColumnKind::Vector { .. } = kind {
        let array: PyReadonlyArray2<'_, f32> = values.extract()?;
        let width = array.shape()[1];
        return Ok(ColumnValues::Vector { width, values: array.as_slice()?.to_vec() });
    }
    let rows = values.try_iter()?.enumerate();
    Ok(match kind {
        ColumnKind::Text => {
            ColumnValues::Text(rows.map(|(row, item)| text(&item?, row, name)).collect::<PyResult<_>>()?)
        }
        ColumnKind::TextPair => {
            ColumnValues::TextPair(rows.map(|(row, item)| text(&item?, row, name)).collect::<PyResult<_>>()?)
        }
        ColumnKind::Number => {
            ColumnValues::Number(rows.map(|(row, item)| number(&item?, row, name)).collect::<PyResult<_>>()?)
        }
        _ => ColumnValues::Category(
            rows.map(|(row, item)| category(&item?, row, name)).collect::<PyResult<_>>()?,
        ),
    })
}

/// A column of a type: strings, and what Python writes as such, a `datetime.date` among them.
fn typed_column(of: ColumnType, name: &str, values: &Bound<'_, PyAny>) -> PyResult<ColumnValues> {
    let written = |item: PyResult<Bound<'_, PyAny>>| -> PyResult<Option<String>> {
        let item = item?;
        if item.is_none() { Ok(None) } else { Ok(Some(item.str()?.to_cow()?.into_owned())) }
    };
    let written = values.try_iter()?.map(written).collect::<PyResult<Vec<_>>>()?;
    let wrong = |(row, problem)| Raised::input(format!("row {row}: column `{name}` {problem}")).into();
    of.column(written).map_err(wrong)
}

fn text(item: &Bound<'_, PyAny>, row: usize, column: &str) -> PyResult<String> {
    match item.cast::<PyString>() {
        Ok(text) => Ok(utf8(text, row)?.into_owned()),
        Err(_) => Err(wrong(item, row, column, "a string")),
    }
}

/// A string as UTF-8, of which a lone surrogate, half of a character, is none.
pub(crate) fn utf8<'a>(text: &'a Bound<'_, PyString>, row: usize) -> PyResult<Cow<'a, str>> {
    text.to_cow().map_err(|error| {
        Raised::input(format!("row {row}: the text is no Unicode that can be written as UTF-8: {error}"))
            .into()
    })
}

fn number(item: &Bound<'_, PyAny>, row: usize, column: &str) -> PyResult<Option<f64>> {
    if item.is_none() {
        return Ok(None);
    }
    match item.extract::<f64>() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(wrong(item, row, column, "a number, or None")),
    }
}

/// A category: a string, a whole number or a boolean; an empty string is none.
fn category(item: &Bound<'_, PyAny>, row: usize, column: &str) -> PyResult<Option<String>> {
    if item.is_none() {
        return Ok(None);
    }
    if let Ok(truth) = item.cast::<PyBool>() {
        return Ok(Some(truth.is_true().to_string()));
    }
    if item.cast::<PyString>().is_ok() || item.cast::<PyInt>().is_ok() {
        return Ok(Some(item.str()?.to_cow()?.into_owned()).filter(|word| !word.is_empty()));
    }
    if item.cast::<PyFloat>().is_err()
        && let Ok(whole) = item.extract::<i64>()
    {
        return Ok(Some(whole.to_string()));
    }
    Err(wrong(item, row, column, "a string, a whole number, a boolean or None"))
}

fn wrong(item: &Bound<'_, PyAny>, row: usize, column: &str, needed: &str) -> PyErr {
    if item.is_none() || item.extract::<f64>().is_ok_and(f64::is_nan) {
        return Raised::input(format!("row {row}: column `{column}` is missing, but {needed} is needed"))
            .into();
    }
    let found = item.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    Raised::input(format!("row {row}: column `{column}` holds {found}, but {needed} is needed")).into()
}

/// The two of a tuple or list of two.
fn pair_of<'py>(item: &Bound<'py, PyAny>) -> PyResult<Option<[Bound<'py, PyAny>; 2]>> {
    let may = item.is_instance_of::<PyTuple>() || item.is_instance_of::<PyList>();
    if !may || item.len()? != 2 {
        return Ok(None);
    }
    Ok(Some([item.get_item(0)?, item.get_item(1)?]))
}

/// The columns that the model reads out of an Arrow stream; none of no rows.
pub(crate) fn table_of_stream(
    schema: &ModelSchema,
    made_of: &ColumnSettings,
    stream: &Bound<'_, PyAny>,
) -> PyResult<Option<Table>> {
    let broken = |error: &dyn Error| Raised::input(format!("the Arrow stream cannot be read: {error}"));
    let capsule = stream.cast::<PyCapsule>().map_err(PyErr::from)?;
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds such a stream, which is moved out and marked as released, as the protocol says.
    let reader =
        unsafe { RecordBatchStreamReader::from_raw(pointer.as_ptr()) }.map_err(|error| broken(&error))?;
    let mut table: Option<Table> = None;
    for batch in reader {
        let batch: RecordBatch = batch.map_err(|error| broken(&error))?;
        if batch.num_rows() == 0 {
            continue;
        }
        let present: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let rows = Table::from_arrow(&batch, &wanted(schema, made_of, &present), &made_of.types)
            .map_err(Raised::from)?;
        table = Some(match table {
            None => rows,
            Some(table) => table.with_rows_of(&[rows]).map_err(Raised::from)?,
        });
    }
    Ok(table)
}

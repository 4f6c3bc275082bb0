//! What is asked of the model: texts, or columns by name.

use std::borrow::Cow;

use lelp_data::{ColumnKind, ColumnType, ColumnValues, Table, TableError};
use serde_json::{Map, Value};

use crate::columns::Columns;
use crate::owned_text::OwnedText;
use crate::refusal::Refusal;
use crate::settings::Limits;

/// Rows of a request.
#[derive(Debug)]
pub(crate) enum Rows {
    /// Texts, for models that read nothing else.
    Texts(Vec<OwnedText>),
    /// Columns by name, all of the same number of rows.
    Table(Table),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Table(table) => table.rows(),
        }
    }

    /// The rows at these places.
    pub(crate) fn select(&self, places: &[usize]) -> Self {
        match self {
            Self::Texts(texts) => Self::Texts(places.iter().map(|&place| texts[place].clone()).collect()),
            Self::Table(table) => Self::Table(table.select(places)),
        }
    }

    /// Texts, checked against the model and the limits.
    pub(crate) fn of_texts(
        mut texts: Vec<OwnedText>,
        truncate: bool,
        columns: &Columns,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        columns.check_texts(&texts)?;
        for (place, text) in texts.iter_mut().enumerate() {
            for part in [Some(&mut text.text), text.pair.as_mut()].into_iter().flatten() {
                fit(part, place, truncate, limits.text_bytes)?;
            }
        }
        Ok(Self::Texts(texts))
    }

    /// Columns of values, checked against the model and the limits; texts alone become texts.
    pub(crate) fn of_columns(
        values: Vec<(String, ColumnValues)>,
        columns: &Columns,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        if !columns.are_texts() {
            for (name, values) in &values {
                if let ColumnValues::Text(texts) | ColumnValues::TextPair(texts) = values
                    && let Some(row) = texts.iter().position(|text| text.len() > limits.text_bytes)
                {
                    return Err(too_long(row, texts[row].len(), limits.text_bytes).at(name.clone()));
                }
            }
            return Ok(Self::Table(Table::new(values)?));
        }
        let (mut texts, mut pairs) = (Vec::new(), None);
        for (_, values) in values {
            match values {
                ColumnValues::Text(values) => texts = values,
                ColumnValues::TextPair(values) => pairs = Some(values),
                _ => unreachable!("a model of texts has no other columns"),
            }
        }
        let pairs =
            pairs.map_or_else(|| vec![None; texts.len()], |pairs| pairs.into_iter().map(Some).collect());
        let texts = texts.into_iter().zip(pairs).map(|(text, pair)| OwnedText { text, pair }).collect();
        Self::of_texts(texts, false, columns, limits)
    }

    /// Rows of objects, cells by the names of columns. Numbers and categories may be left out or null; a name that the
    /// model does not know is an error.
    pub(crate) fn of_objects(
        objects: Vec<Map<String, Value>>,
        columns: &Columns,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        for (row, object) in objects.iter().enumerate() {
            if let Some(name) = object.keys().find(|name| columns.find(name).is_none()) {
                return Err(Refusal::shape(format!(
                    "row {row} has a column `{name}`, but the model reads {}",
                    columns.describe()
                )));
            }
        }
        let pair = columns
            .optional_pair
            .as_ref()
            .filter(|pair| objects.iter().any(|row| row.contains_key(&pair.name)));
        let mut objects = objects;
        let mut values = Vec::new();
        for field in columns.needed.iter().chain(pair) {
            let cells = objects.iter_mut().map(|object| object.remove(&field.name).unwrap_or(Value::Null));
            let column = match columns.types.get(&field.name) {
                Some(&of) => typed_column(of, &field.name, cells.map(written))?,
                None => column(field.kind, &field.name, cells)?,
            };
            values.push((field.name.clone(), column));
        }
        Self::of_columns(values, columns, limits)
    }
}

impl From<TableError> for Refusal {
    fn from(error: TableError) -> Self {
        Self::shape(error.to_string())
    }
}

fn too_long(row: usize, bytes: usize, limit: usize) -> Refusal {
    let kind = crate::refusal::RefusalKind::TooLarge;
    Refusal::new(kind, format!("text {row} has {bytes} bytes, but at most {limit} are read; shorten it"))
}

/// Cuts a text to the limit where that is wanted, and refuses it otherwise.
fn fit(text: &mut String, row: usize, truncate: bool, limit: usize) -> Result<(), Refusal> {
    if text.len() <= limit {
        return Ok(());
    }
    if !truncate {
        return Err(too_long(row, text.len(), limit));
    }
    text.truncate(text.floor_char_boundary(limit));
    Ok(())
}

/// A cell as a file without types has it.
fn written(cell: Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// The values of a column of a type, written as in a file.
pub(crate) fn typed_column(
    of: ColumnType,
    name: &str,
    cells: impl Iterator<Item = Option<String>>,
) -> Result<ColumnValues, Refusal> {
    of.column(cells)
        .map_err(|(row, problem)| Refusal::shape(format!("row {row}: column `{name}` {problem}")).at(name))
}

/// The cells of a column, by its kind.
fn column(
    kind: ColumnKind,
    name: &str,
    cells: impl ExactSizeIterator<Item = Value>,
) -> Result<ColumnValues, Refusal> {
    let wrong = |row: usize, found: &Value| {
        let message =
            format!("row {row} has {} in column `{name}`, which holds {}", json_kind(found), kind.describe());
        Refusal::shape(message).at(name)
    };
    let texts = |cells: &mut dyn Iterator<Item = Value>| {
        let text = |(row, cell)| match cell {
            Value::String(text) => Ok(text),
            other => Err(wrong(row, &other)),
        };
        cells.enumerate().map(text).collect::<Result<Vec<_>, _>>()
    };
    let mut cells = cells;
    Ok(match kind {
        ColumnKind::Text => ColumnValues::Text(texts(&mut cells)?),
        ColumnKind::TextPair => ColumnValues::TextPair(texts(&mut cells)?),
        ColumnKind::Number => {
            let number = |(row, cell): (usize, Value)| match &cell {
                Value::Null => Ok(None),
                Value::Number(number) => Ok(number.as_f64()),
                other => Err(wrong(row, other)),
            };
            ColumnValues::Number(cells.enumerate().map(number).collect::<Result<_, _>>()?)
        }
        ColumnKind::Category => {
            let word = |(row, cell)| match cell {
                Value::Null => Ok(None),
                Value::String(word) => Ok(Some(word)),
                // A category in a file may be a number too: it is its own word.
                Value::Number(number) => Ok(Some(number.to_string())),
                other => Err(wrong(row, &other)),
            };
            ColumnValues::Category(cells.enumerate().map(word).collect::<Result<_, _>>()?)
        }
        ColumnKind::Vector { width } => {
            let mut values = Vec::with_capacity(cells.len() * width);
            for (row, cell) in cells.enumerate() {
                let Value::Array(numbers) = &cell else { return Err(wrong(row, &cell)) };
                if numbers.len() != width {
                    let found = numbers.len();
                    let message =
                        format!("row {row} has {found} numbers in column `{name}`, which holds {width}");
                    return Err(Refusal::shape(message).at(name));
                }
                for number in numbers {
                    values.push(number.as_f64().ok_or_else(|| wrong(row, number))? as f32);
                }
            }
            ColumnValues::Vector { width, values }
        }
    })
}

fn json_kind(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) => "a truth value".into(),
        Value::Number(number) => format!("the number {number}").into(),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

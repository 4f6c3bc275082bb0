//! Types of columns whose values are written otherwise than models read them: a date is read as the number of its day.
//!
//! A type is a file here and a line in [`COLUMN_TYPES`]. Recipes, flags, help, what a model's folder remembers, the service
//! and Python find it there; nothing else names one. What it makes of a cell is of a kind that tables, students and
//! reports know already: a number or a category.

mod date;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cells::{Cell, Value, ValueError, ValueKind};
use crate::table::{ColumnValues, TableValue};

/// Every type, in the order of help.
static COLUMN_TYPES: &[ColumnTypeDefinition] = &[date::DATE];

/// What a file of this folder says of its type.
struct ColumnTypeDefinition {
    /// Its name in recipes, files and on the command line.
    name: &'static str,
    /// What it is, and what it is read as, in half a sentence.
    summary: &'static str,
    /// The kind of the column that it becomes, a number or a category.
    kind: ValueKind,
    /// What it makes of a cell: a value of that kind.
    read: fn(Cell<'_>) -> Result<Value, ValueError>,
    /// A value of that kind as it is written; none where it is missing.
    write: fn(TableValue<'_>) -> Option<String>,
}

/// How the values of a column are written, and what a model reads them as.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColumnType(&'static ColumnTypeDefinition);

/// There is no such type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no column type `{name}`; there are: {}", known.join(", "))]
pub struct UnknownColumnType {
    /// What was asked for.
    pub name: String,
    /// Names of the types that there are.
    pub known: Vec<&'static str>,
}

impl ColumnType {
    /// Every type, in the order of help.
    pub fn all() -> impl Iterator<Item = Self> {
        COLUMN_TYPES.iter().map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it is, and what it is read as, in half a sentence.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.0.summary
    }

    /// The kind of the column that it becomes.
    pub(crate) fn kind(self) -> ValueKind {
        self.0.kind
    }

    /// What it makes of a cell.
    pub(crate) fn read(self, cell: Cell<'_>) -> Result<Value, ValueError> {
        (self.0.read)(cell)
    }

    /// A value of a table as a column of this type writes it; none where it is missing.
    pub(crate) fn write(self, value: TableValue<'_>) -> Option<String> {
        (self.0.write)(value)
    }

    /// A column of values as a file without types has them; `None` where one is missing.
    ///
    /// # Errors
    /// The row of the first that is none of this type, and why.
    pub fn column<T: AsRef<str>>(
        self,
        values: impl IntoIterator<Item = Option<T>>,
    ) -> Result<ColumnValues, (usize, ValueError)> {
        let read = values.into_iter().enumerate().map(|(row, value)| {
            let cell = value.as_ref().map_or(Cell::Missing, |text| Cell::Untyped(text.as_ref().into()));
            self.read(cell).map_err(|problem| (row, problem))
        });
        let read = read.collect::<Result<Vec<Value>, _>>()?;
        Ok(match self.kind() {
            ValueKind::Number => ColumnValues::Number(read.into_iter().map(Value::into_number).collect()),
            _ => ColumnValues::Category(read.into_iter().map(Value::into_category).collect()),
        })
    }
}

impl FromStr for ColumnType {
    type Err = UnknownColumnType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::all().find(|column_type| column_type.name() == name).ok_or_else(|| UnknownColumnType {
            name: name.to_owned(),
            known: Self::all().map(Self::name).collect(),
        })
    }
}

impl TryFrom<String> for ColumnType {
    type Error = UnknownColumnType;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<ColumnType> for String {
    fn from(column_type: ColumnType) -> Self {
        column_type.name().to_owned()
    }
}

impl PartialEq for ColumnType {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ColumnType {}

impl fmt::Debug for ColumnType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn types_have_names_of_their_own_by_which_files_name_them() {
        for (place, column_type) in ColumnType::all().enumerate() {
            let json = serde_json::to_string(&column_type).unwrap();
            assert_eq!(json, format!("\"{}\"", column_type.name()));
            assert_eq!(serde_json::from_str::<ColumnType>(&json).unwrap(), column_type);
            assert!(ColumnType::all().take(place).all(|earlier| earlier != column_type));
            assert!(!column_type.summary().ends_with('.'), "{}", column_type.summary());
            assert!(matches!(column_type.kind(), ValueKind::Number | ValueKind::Category));
        }
        let unknown = serde_json::from_str::<ColumnType>("\"day\"").unwrap_err().to_string();
        assert!(unknown.starts_with("there is no column type `day`; there are: date"), "{unknown}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for column_type in ColumnType::all() {
            let missing = column_type.read(Cell::Missing).unwrap();
            assert_eq!(column_type.write(table_value(&missing)), None);
            // Whichever of these the type reads.
            let texts = ["2026-11-30", "0001-01-01", "1:30:05", "a word"];
            let read = texts.map(|text| column_type.read(Cell::Text(text.into())));
            let read: Vec<Value> = read.into_iter().flatten().collect();
            assert!(!read.is_empty(), "{column_type:?} reads none of {texts:?}: add one that it reads");
            for value in read {
                let written = column_type.write(table_value(&value)).unwrap();
                assert_eq!(column_type.read(Cell::Text(written.into())), Ok(value));
            }
        }
    }

    fn table_value(value: &Value) -> TableValue<'_> {
        match value {
            Value::Number(number) => TableValue::Number(*number),
            Value::Category(category) => TableValue::Category(category.as_deref()),
            other => unreachable!("types become numbers or categories, not {other:?}"),
        }
    }

    #[test]
    fn what_is_missing_stays_missing_in_every_type() {
        for column_type in ColumnType::all() {
            for cell in [Cell::Missing, Cell::Untyped("".into()), Cell::Untyped(" ".into())] {
                let value = column_type.read(cell).unwrap();
                assert!(matches!(value, Value::Number(None) | Value::Category(None)), "{value:?}");
            }
            assert!(column_type.read(Cell::Other("bytes")).is_err(), "{column_type:?}");
        }
    }

    #[test]
    fn a_column_of_texts_is_read_or_the_first_wrong_row_named() {
        let date: ColumnType = "date".parse().unwrap();
        let column = date.column([Some("1970-01-02"), None]).unwrap();
        assert_eq!(column, ColumnValues::Number(vec![Some(1.0), None]));
        let (row, problem) = date.column([Some("1970-01-02"), Some("tomorrow")]).unwrap_err();
        assert_eq!(row, 1);
        assert_eq!(problem.to_string(), "holds `tomorrow`, but a date as 2026-11-30 is needed");
    }
}

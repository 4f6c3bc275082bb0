//! What a row holds: its texts, and the values of its other columns by name.

use std::fmt::{self, Display, Formatter};

use lelp_data::{Table, TableValue};
use serde::{Deserialize, Serialize};

/// Most numbers of a vector that are kept.
const VECTOR_NUMBERS: usize = 2;

/// The contents of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RowContent {
    /// Its text, where the table has texts.
    pub text: Option<String>,
    /// Its second text, where the table has pairs of texts.
    pub pair: Option<String>,
    /// Its vectors, numbers and categories, in the order of the table's columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<NamedValue>,
}

/// The value of one column in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedValue {
    /// Name of the column.
    pub column: String,
    /// Its value; none where it is missing.
    pub value: Option<CellValue>,
}

/// A value that is no text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CellValue {
    /// A number.
    Number(f64),
    /// A category.
    Category(String),
    /// A vector, of which only the first numbers are kept.
    Vector {
        /// The first numbers, at most two.
        first: Vec<f32>,
        /// How many numbers the vector has.
        width: usize,
    },
}

impl RowContent {
    /// The contents of a row of a table.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn of(table: &Table, row: usize) -> Self {
        let text = table.text(row);
        let value = |column| match table.value(row, column) {
            TableValue::Text(_) => None,
            TableValue::Number(number) => Some(number.map(CellValue::Number)),
            TableValue::Category(category) => Some(category.map(|name| CellValue::Category(name.to_owned()))),
            TableValue::Vector(numbers) => {
                let first = numbers.iter().copied().take(VECTOR_NUMBERS).collect();
                Some(Some(CellValue::Vector { first, width: numbers.len() }))
            }
        };
        let columns = table.schema().fields().iter().enumerate().filter_map(|(column, field)| {
            value(column).map(|value| NamedValue { column: field.name.clone(), value })
        });
        Self {
            text: text.map(|text| text.text.to_owned()),
            pair: text.and_then(|text| text.pair).map(str::to_owned),
            columns: columns.collect(),
        }
    }

    /// Text, second text and the other columns as `name=value`, those that there are.
    #[must_use]
    pub fn parts(&self) -> Vec<String> {
        let columns: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        let columns = (!columns.is_empty()).then(|| columns.join(", "));
        [self.text.clone(), self.pair.clone(), columns].into_iter().flatten().collect()
    }

    /// Its [`parts`](Self::parts) with `separator` between them.
    #[must_use]
    pub fn to_text(&self, separator: &str) -> String {
        self.parts().join(separator)
    }
}

impl Display for NamedValue {
    /// `name=value`, and `name=` where the value is missing.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=", self.column)?;
        self.value.as_ref().map_or(Ok(()), |value| value.fmt(formatter))
    }
}

impl Display for CellValue {
    /// Numbers to six significant digits; a vector as `[first, second, ... width]`.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => formatter.write_str(&six_digits(*number)),
            Self::Category(category) => formatter.write_str(category),
            Self::Vector { first, width } => {
                let numbers: Vec<String> =
                    first.iter().map(|number| six_digits(f64::from(*number))).collect();
                let more = if *width > first.len() { format!(", ... {width}") } else { String::new() };
                write!(formatter, "[{}{more}]", numbers.join(", "))
            }
        }
    }
}

/// A number to six significant digits, without trailing zeros.
fn six_digits(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    let magnitude = rounded.abs();
    if rounded != 0.0 && !(1e-4..1e15).contains(&magnitude) {
        return format!("{rounded:e}");
    }
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use lelp_data::ColumnValues;

    use super::*;

    fn table() -> Table {
        let column = |name: &str, values: ColumnValues| (name.to_owned(), values);
        Table::new(vec![
            column("age", ColumnValues::Number(vec![Some(39.0), None])),
            column("query", ColumnValues::Text(vec!["lost card".to_owned(), "fees".to_owned()])),
            column(
                "embedding",
                ColumnValues::Vector { width: 3, values: vec![0.1, -2.0, 3.0, 0.0, 1e-9, 2.0] },
            ),
            column("country", ColumnValues::Category(vec![Some("fr".to_owned()), None])),
        ])
        .unwrap()
    }

    #[test]
    fn a_row_is_shown_by_its_columns_and_missing_values_are_empty() {
        let shown = |row: usize| RowContent::of(&table(), row).to_text(" | ");
        assert_eq!(shown(0), "lost card | age=39, embedding=[0.1, -2, ... 3], country=fr");
        assert_eq!(shown(1), "fees | age=, embedding=[0, 1e-9, ... 3], country=");
    }

    #[test]
    fn rows_of_texts_alone_are_their_texts() {
        let texts = [lelp_data::Text { text: "a", pair: Some("b") }];
        let table = Table::from_texts(&texts).unwrap();
        let content = RowContent::of(&table, 0);
        assert_eq!((content.to_text(" / ").as_str(), content.columns.len()), ("a / b", 0));
    }

    #[test]
    fn numbers_have_six_digits_at_most() {
        let numbers = [0.0, 39.0, 0.1 + 0.2, 1_234.567_89, -1e-7, 1e20, 123_456_789.0];
        let shown = numbers.map(six_digits);
        assert_eq!(shown, ["0", "39", "0.3", "1234.57", "-1e-7", "1e20", "123457000"]);
    }

    #[test]
    fn json_keeps_names_values_and_gaps() {
        let json = serde_json::to_value(RowContent::of(&table(), 1)).unwrap();
        let expected = serde_json::json!({
            "text": "fees", "pair": null,
            "columns": [
                { "column": "age", "value": null },
                { "column": "embedding", "value": { "first": [0.0, 1e-9_f32], "width": 3 } },
                { "column": "country", "value": null },
            ],
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<RowContent>(json).unwrap(), RowContent::of(&table(), 1));
    }
}

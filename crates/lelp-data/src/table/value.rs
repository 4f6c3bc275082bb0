//! What is in one place of a table.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// The value of one column in one row. Serialized it is the value itself: a string, a number, a list of numbers or null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TableValue<'a> {
    /// A text, the first or the second of a pair.
    Text(&'a str),
    /// A vector, `[width]`.
    Vector(&'a [f32]),
    /// A number; none where it is missing.
    Number(Option<f64>),
    /// A category; none where it is missing.
    Category(Option<&'a str>),
}

impl TableValue<'_> {
    /// Calls `add` with bytes that are the same on every machine and differ between the values of a column. The length of a
    /// text goes first, so that no two lists of texts are the same bytes; what is missing has bytes that no value has:
    /// not-a-number, and a length beyond all texts.
    pub(crate) fn each_bytes(&self, mut add: impl FnMut(&[u8])) {
        match self {
            Self::Text(text) | Self::Category(Some(text)) => {
                add(&(text.len() as u64).to_le_bytes());
                add(text.as_bytes());
            }
            Self::Vector(numbers) => numbers.iter().for_each(|number| add(&number.to_le_bytes())),
            Self::Number(number) => add(&number.unwrap_or(f64::NAN).to_le_bytes()),
            Self::Category(None) => add(&u64::MAX.to_le_bytes()),
        }
    }
}

impl Display for TableValue<'_> {
    /// As a field of a CSV file: a vector is a list in brackets, and what is missing is empty.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Category(Some(text)) => formatter.write_str(text),
            Self::Vector(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                write!(formatter, "[{}]", numbers.join(","))
            }
            Self::Number(Some(number)) => number.fmt(formatter),
            Self::Number(None) | Self::Category(None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_json_and_as_a_field() {
        let values = [
            TableValue::Text("a \"b\""),
            TableValue::Vector(&[0.5, -1.0]),
            TableValue::Number(Some(2.5)),
            TableValue::Number(None),
            TableValue::Category(Some("fr")),
            TableValue::Category(None),
        ];
        let json = values.map(|value| serde_json::json!(value).to_string());
        assert_eq!(json, ["\"a \\\"b\\\"\"", "[0.5,-1.0]", "2.5", "null", "\"fr\"", "null"]);
        assert_eq!(values.map(|value| value.to_string()), ["a \"b\"", "[0.5,-1]", "2.5", "", "fr", ""]);
    }

    #[test]
    fn what_is_missing_has_bytes_of_its_own() {
        let bytes = |value: TableValue<'_>| {
            let mut all = Vec::new();
            value.each_bytes(|bytes| all.extend_from_slice(bytes));
            all
        };
        let values = [TableValue::Category(None), TableValue::Category(Some("")), TableValue::Text("a")];
        let all: std::collections::BTreeSet<Vec<u8>> = values.map(bytes).into();
        assert_eq!(all.len(), 3);
        assert_ne!(bytes(TableValue::Number(None)), bytes(TableValue::Number(Some(0.0))));
    }
}

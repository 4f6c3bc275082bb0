//! One JSON object a line; the first says which columns there are.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::text_lines::lines;
use crate::columns::{Columns, Wanted};
use crate::error::{DataError, Place};
use crate::examples::{Example, utf8};
use crate::labels::Label;

pub(crate) fn rows<R: BufRead>(
    reader: R,
    file: &Path,
    columns: &Columns,
) -> Result<impl Iterator<Item = Result<Example, DataError>> + use<R>, DataError> {
    let parser = Parser { columns: columns.clone(), file: file.to_owned() };
    // A blank line, such as a last one, is no row.
    let blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    let mut lines = lines(reader, file).filter(move |line| !matches!(line, Ok((_, line)) if blank(line)));
    let first = lines.next().transpose()?;
    if let Some((number, line)) = &first {
        parser.check_columns(&parser.object(*number, line)?)?;
    }
    let rows = first.map(Ok).into_iter().chain(lines);
    Ok(rows.map(move |line| {
        let (number, line) = line?;
        parser.example(Place::Line(number), parser.object(number, &line)?)
    }))
}

struct Parser {
    columns: Columns,
    file: PathBuf,
}

impl Parser {
    fn object(&self, number: u64, line: &[u8]) -> Result<Map<String, Value>, DataError> {
        let text = utf8(line, &self.file, Place::Line(number))?;
        serde_json::from_str(text).map_err(|source| DataError::Json {
            file: self.file.clone(),
            line: number,
            column: source.column(),
            source,
        })
    }

    fn check_columns(&self, object: &Map<String, Value>) -> Result<(), DataError> {
        let present: Vec<String> = object.keys().cloned().collect();
        match self.columns.find(&present) {
            Ok(_) => Ok(()),
            Err(column) => Err(DataError::MissingColumn { file: self.file.clone(), column, present }),
        }
    }

    fn example(&self, place: Place, mut object: Map<String, Value>) -> Result<Example, DataError> {
        let mut take = |name: &str| object.remove(name).unwrap_or(Value::Null);
        let text = self.text(place, &self.columns.text, take(&self.columns.text))?;
        let mut wanted = |wanted: &Wanted| wanted.name().map(|name| (name.to_owned(), take(name)));
        let pair = wanted(&self.columns.pair);
        let label = wanted(&self.columns.label);
        let label_name = wanted(&self.columns.label_name);
        Ok(Example {
            text: text.ok_or_else(|| DataError::MissingText {
                file: self.file.clone(),
                place,
                column: self.columns.text.clone(),
            })?,
            pair: pair.map(|(name, value)| self.text(place, &name, value)).transpose()?.flatten(),
            label: label.map(|(name, value)| self.label(place, &name, value)).transpose()?.flatten(),
            label_name: label_name.map(|(name, value)| self.text(place, &name, value)).transpose()?.flatten(),
        })
    }

    fn text(&self, place: Place, column: &str, value: Value) -> Result<Option<String>, DataError> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            other => Err(self.wrong_type(place, column, &other, "a string")),
        }
    }

    fn label(&self, place: Place, column: &str, value: Value) -> Result<Option<Label>, DataError> {
        match value {
            Value::Null => Ok(None),
            Value::String(name) => Ok(Label::of_text(&name)),
            Value::Bool(truth) => Ok(Some(Label::Name(truth.to_string()))),
            Value::Number(number) => Ok(Label::of_text(&number.to_string())),
            other => Err(self.wrong_type(place, column, &other, "a string or a number")),
        }
    }

    fn wrong_type(&self, place: Place, column: &str, value: &Value, wanted: &'static str) -> DataError {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        DataError::ColumnType {
            file: self.file.clone(),
            place,
            column: column.to_owned(),
            found: found.to_owned(),
            wanted,
        }
    }
}

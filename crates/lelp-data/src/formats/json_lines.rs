//! One JSON object a line; the first says which columns there are.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Map, Number, Value};

use super::lines::lines;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{ColumnRequest, Columns, FileColumns, FileRows};
use crate::error::{DataError, Location};

pub(super) static JSON_LINES: Format = Format {
    name: "jsonl",
    summary: "one JSON object a line; vectors are arrays of numbers",
    endings: &["jsonl", "ndjson"],
    open,
};

fn open(source: Source, file: &Path, columns: &Columns) -> Result<FileRows, DataError> {
    // A blank line, such as a last one, is no row.
    let blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
    let lines = lines(source.buffered(), file);
    let mut lines = lines.filter(move |line| !matches!(line, Ok((_, line)) if blank(line)));
    let Some((number, line)) = lines.next().transpose()? else {
        return Ok(FileRows::new(Vec::new(), std::iter::empty()));
    };
    let first = object(file, number, &line)?;
    let mut present: Vec<String> = first.keys().cloned().collect();
    FileColumns::find(columns, &present, file)?;
    // A key that a file need not have may come in a later line only.
    let later = [&columns.pair, &columns.label, &columns.label_name].map(ColumnRequest::name);
    present.extend(later.into_iter().flatten().filter(|name| !first.contains_key(*name)).map(str::to_owned));
    let columns = FileColumns::find(columns, &present, file)?;
    let of_file = columns.columns();
    let objects = std::iter::once(Ok((number, line))).chain(lines).map({
        let file = file.to_owned();
        move |line| {
            let (number, line) = line?;
            Ok((Location::Line(number), object(&file, number, &line)?))
        }
    });
    let rows = objects.map(move |object: Result<_, DataError>| {
        let (location, mut object) = object?;
        columns.row(location, |name, _| Ok(cell(object.remove(name))))
    });
    Ok(FileRows::new(of_file, rows))
}

fn object(file: &Path, number: u64, line: &[u8]) -> Result<Map<String, Value>, DataError> {
    let text = utf8(line, file, Location::Line(number))?;
    let wrong = |problem| DataError::Json { file: file.to_owned(), line: number, problem };
    serde_json::from_str(text).map_err(wrong)
}

fn cell(value: Option<Value>) -> Cell<'static> {
    match value {
        None | Some(Value::Null) => Cell::Missing,
        Some(Value::Bool(truth)) => Cell::Boolean(truth),
        Some(Value::String(text)) => Cell::Text(Cow::Owned(text)),
        Some(Value::Number(number)) => number_cell(&number),
        Some(Value::Array(values)) => {
            let number = |value: &Value| value.as_f64().map(|number| number as f32);
            let numbers: Option<Vec<f32>> = values.iter().map(number).collect();
            numbers.map_or(Cell::Other("an array with something else than numbers"), Cell::Numbers)
        }
        Some(Value::Object(_)) => Cell::Other("an object"),
    }
}

fn number_cell(number: &Number) -> Cell<'static> {
    match number.as_i128() {
        Some(whole) => Cell::Integer(whole),
        None => number.as_f64().map_or(Cell::Other("a number without an end"), Cell::Float),
    }
}

//! JSON objects: one a line, one behind the other, or in an array.

mod elements;
mod object;
mod other_orients;
mod repair;
mod write;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Number, Value};

use self::elements::Elements;
use super::lines::Lines;
use super::{Format, Source};
use crate::cells::{Cell, ValueError};
use crate::columns::{ColumnRequest, Columns, FileColumns, FileRows, Row};
use crate::error::{DataError, Location};
use crate::notices::NoticeLog;

pub(super) static JSON_LINES: Format = Format {
    name: "jsonl",
    summary: "JSON objects, one a line or in an array; vectors are arrays of numbers, a missing key is a missing value",
    endings: &["jsonl", "ndjson", "json"],
    open,
};

pub use write::write_json_lines;

type Object = Map<String, Value>;
/// Objects with their places, or the first thing that is none.
type Objects = Box<dyn Iterator<Item = Result<(Location, Object), DataError>> + Send>;

fn open(source: Source, file: &Path, columns: &Columns, notices: &NoticeLog) -> Result<FileRows, DataError> {
    let can_be_read_again = source.can_be_read_again();
    let mut objects = objects(source, file, columns, notices)?;
    let Some(first) = objects.next().transpose()? else {
        return Ok(FileRows::new(Vec::new(), std::iter::empty()));
    };
    if other_orients::is_table(&first.1, columns) {
        return Err(DataError::NotByRow { file: file.to_owned() });
    }
    // The text must be in every object. Any other key may come in a later one only.
    let text = columns.text.name();
    let mut present: Vec<String> = first.1.keys().cloned().collect();
    columns.note_similar(&present, file, notices);
    let has_text = text.is_none_or(|text| within(&first.1, text).is_some());
    if has_text || !matches!(columns.text, ColumnRequest::Required(_)) {
        for name in columns.names().filter(|name| has_text || Some(*name) != text) {
            if !present.iter().any(|other| other == name) {
                present.push(name.to_owned());
            }
        }
    }
    let unlabelled = Unlabelled::new(&first.1, columns, notices);
    let own = FileColumns::find(columns, &present, file, notices)?;
    let mut missing = Missing { columns: own.required().map(str::to_owned).collect(), ..Missing::default() };
    missing.see(&first.1);
    if can_be_read_again && !missing.columns.is_empty() {
        missing.look_ahead(file, columns)?;
    }
    let of_file = own.columns();
    let objects = std::iter::once(Ok(first)).chain(objects);
    let rows = JsonRows { objects, columns: own, missing, unlabelled };
    Ok(FileRows::new(of_file, rows))
}

/// The objects of a file, however they stand in it.
fn objects(
    source: Source,
    file: &Path,
    columns: &Columns,
    notices: &NoticeLog,
) -> Result<Objects, DataError> {
    let mut lines = Lines::new(source.text(file)?, file);
    let mut first = Vec::new();
    // A blank line, such as a last one, is no row.
    while first.trim_ascii().is_empty() {
        first.clear();
        if !lines.append(&mut first)? {
            return Ok(Box::new(std::iter::empty()));
        }
    }
    let number = lines.number();
    let parser = object::Parser { file: file.to_owned(), notices: notices.clone() };
    let by_line = match parser.parse(number, &first) {
        Ok(object) => {
            if let Some(rows) = rows_inside(&object, columns) {
                // Where more objects follow, each is a row that holds an array.
                match next_line(&mut lines)? {
                    None => return Ok(Box::new((0..).map(Location::Row).zip(rows).map(Ok))),
                    Some(second) => {
                        let lines = [Ok((number, first)), Ok(second)].into_iter().chain(lines);
                        return Ok(Box::new(parsed(lines.filter(|line| !is_blank(line)), parser)));
                    }
                }
            }
            true
        }
        // An array, or an object of several lines.
        Err(DataError::Json { problem, .. }) if problem.is_eof() || first.trim_ascii().starts_with(b"[") => {
            false
        }
        Err(error) => return Err(error),
    };
    if by_line {
        let lines = std::iter::once(Ok((number, first))).chain(lines);
        let lines = lines.filter(|line| !is_blank(line));
        return Ok(Box::new(parsed(lines, parser)));
    }
    let mut values = Elements::new(std::io::Cursor::new(first).chain(lines.reader), file, number);
    let Some(value) = values.next().transpose()? else { return Ok(Box::new(std::iter::empty())) };
    if values.in_array() && serde_json::from_slice::<Vec<Value>>(&value.1).is_ok() {
        return Err(DataError::NotByRow { file: file.to_owned() });
    }
    if let Some(rows) = parser.parse(value.0, &value.1).ok().and_then(|object| rows_inside(&object, columns))
    {
        return rows_of_document(rows, values, file);
    }
    Ok(Box::new(parsed(std::iter::once(Ok(value)).chain(values), parser)))
}

type Line = Result<(u64, Vec<u8>), DataError>;

fn is_blank(line: &Line) -> bool {
    matches!(line, Ok((_, line)) if line.trim_ascii().is_empty())
}

/// The next line that is not blank.
fn next_line(lines: &mut impl Iterator<Item = Line>) -> Result<Option<(u64, Vec<u8>)>, DataError> {
    lines.find(|line| !is_blank(line)).transpose()
}

fn parsed(
    values: impl Iterator<Item = Line> + Send + 'static,
    parser: object::Parser,
) -> impl Iterator<Item = Result<(Location, Object), DataError>> + Send {
    values.map(move |value| {
        let (line, value) = value?;
        Ok((Location::Line(line), parser.parse(line, &value)?))
    })
}

/// The rows of a document `{"data": [...]}`: of an object without the text, the only array of objects.
fn rows_inside(object: &Object, columns: &Columns) -> Option<Vec<Object>> {
    if columns.names().any(|name| within(object, name).is_some()) {
        return None;
    }
    let as_objects = |value: &Value| -> Option<Vec<Object>> {
        let rows = value.as_array().filter(|rows| !rows.is_empty())?;
        rows.iter().map(|row| row.as_object().cloned()).collect()
    };
    let mut arrays = object.values().filter_map(as_objects);
    let rows = arrays.next()?;
    arrays.next().is_none().then_some(rows)
}

fn rows_of_document(
    rows: Vec<Object>,
    mut rest: impl Iterator<Item = Line>,
    file: &Path,
) -> Result<Objects, DataError> {
    match next_line(&mut rest)? {
        Some((line, _)) => Err(DataError::BehindDocument { file: file.to_owned(), line }),
        None => Ok(Box::new((0..).map(Location::Row).zip(rows).map(Ok))),
    }
}

/// Watches for a label, which may come in a later object only, and tells where none did.
struct Unlabelled {
    /// None once a label has come, or where none is looked for.
    columns: Option<Columns>,
    /// Keys of the first object.
    keys: Vec<String>,
    notices: NoticeLog,
}

impl Unlabelled {
    fn new(first: &Object, columns: &Columns, notices: &NoticeLog) -> Self {
        let columns = columns.label.name().is_some().then(|| columns.clone());
        Self { columns, keys: first.keys().cloned().collect(), notices: notices.clone() }
    }

    fn see(&mut self, object: &Object) {
        let name = self.columns.as_ref().and_then(|columns| columns.label.name());
        if name.is_some_and(|name| within(object, name).is_some()) {
            self.columns = None;
        }
    }

    fn end(&mut self, file: &Path) {
        if let Some(columns) = self.columns.take() {
            columns.tell_no_label(&self.keys, file, &self.notices);
        }
    }
}

/// Required columns that no object has had yet: of a file, each is found before the first row is given out.
#[derive(Default)]
struct Missing {
    columns: BTreeSet<String>,
    /// Keys of the objects, the first of them.
    keys: BTreeSet<String>,
}

impl Missing {
    fn see(&mut self, object: &Object) {
        /// Keys to list where a column is missing.
        const SHOWN: usize = 64;
        if !self.columns.is_empty() {
            self.columns.retain(|name| within(object, name).is_none());
            let free = SHOWN.saturating_sub(self.keys.len());
            self.keys.extend(object.keys().take(free).cloned());
        }
    }

    /// Reads the file until each column has come.
    ///
    /// # Errors
    /// [`DataError::MissingColumn`] where one comes nowhere; what else is wrong is left to whoever reads the rows.
    fn look_ahead(&mut self, file: &Path, columns: &Columns) -> Result<(), DataError> {
        let source = File::open(file).map_err(|source| DataError::Read { file: file.to_owned(), source })?;
        for object in objects(Source::File(source), file, columns, &NoticeLog::default())? {
            match object {
                Ok((_, object)) => self.see(&object),
                Err(error) if error.is_of_row() => {}
                Err(_) => return Ok(()),
            }
            if self.columns.is_empty() {
                return Ok(());
            }
        }
        self.error(file).map_or(Ok(()), Err)
    }

    fn error(&self, file: &Path) -> Option<DataError> {
        let (file, column) = (file.to_owned(), self.columns.first()?.clone());
        Some(DataError::MissingColumn { file, column, present: self.keys.iter().cloned().collect() })
    }
}

struct JsonRows<I> {
    objects: I,
    columns: FileColumns,
    missing: Missing,
    unlabelled: Unlabelled,
}

impl<I: Iterator<Item = Result<(Location, Object), DataError>>> Iterator for JsonRows<I> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.objects.next() {
            Some(object) => Some(object.and_then(|(location, object)| self.row(location, &object))),
            None => self.end(),
        }
    }
}

impl<I> JsonRows<I> {
    fn row(&mut self, location: Location, object: &Object) -> Result<Row, DataError> {
        self.unlabelled.see(object);
        self.missing.see(object);
        // Of a stream nobody knows whether the column is to come: such a row is no row with a missing value.
        if let Some(column) = self.missing.columns.first() {
            return Err(self.columns.wrong_value(location, column, ValueError::Unseen));
        }
        self.columns.row(location, |name, _| Ok(cell(within(object, name).cloned())))
    }

    fn end(&mut self) -> Option<Result<Row, DataError>> {
        self.unlabelled.end(self.columns.file());
        let missing = std::mem::take(&mut self.missing);
        missing.error(self.columns.file()).map(Err)
    }
}

/// The value of a key, or of `outer.inner` inside of an object.
fn within<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        within(object.get(outer)?.as_object()?, inner)
    })
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
        Some(Value::Object(_)) => Cell::Other("an object (what is in it is called `column.key`)"),
    }
}

fn number_cell(number: &Number) -> Cell<'static> {
    match number.as_i128() {
        Some(whole) => Cell::Integer(whole),
        None => number.as_f64().map_or(Cell::Other("a number without an end"), Cell::Float),
    }
}

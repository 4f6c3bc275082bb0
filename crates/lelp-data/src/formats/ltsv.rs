//! Labelled tab-separated values: `name:value` fields between tabs; the first line says which columns there are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use super::lines::lines;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{Columns, FileColumns, FileRows};
use crate::error::{DataError, Location};

pub(super) static LTSV: Format =
    Format { name: "ltsv", summary: "`name:value` fields between tabs", endings: &["ltsv"], open };

fn open(source: Source, file: &Path, columns: &Columns) -> Result<FileRows, DataError> {
    let mut lines = lines(source.buffered(), file);
    let Some((number, line)) = lines.next().transpose()? else {
        return Ok(FileRows::new(Vec::new(), std::iter::empty()));
    };
    let first = utf8(&line, file, Location::Line(number))?;
    let present: Vec<String> = fields(first).map(|(name, _)| name.to_owned()).collect();
    let columns = FileColumns::find(columns, &present, file)?;
    let of_file = columns.columns();
    let rows = std::iter::once(Ok((number, line))).chain(lines).map(move |line| {
        let (number, bytes) = line?;
        let location = Location::Line(number);
        let values: HashMap<&str, &str> = fields(utf8(&bytes, columns.file(), location)?).collect();
        let cell = |name: &str| values.get(name).map(|value| Cell::Untyped(Cow::Borrowed(*value)));
        columns.row(location, |name, _| Ok(cell(name).unwrap_or(Cell::Missing)))
    });
    Ok(FileRows::new(of_file, rows))
}

fn fields(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split('\t').filter_map(|field| field.split_once(':'))
}

//! One text a line; every line counts, so that answers stay beside their lines.

use std::borrow::Cow;
use std::path::Path;

use super::lines::lines;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{ColumnRequest, Columns, FileColumns, FileRows};
use crate::error::{DataError, Location};

pub(super) static TEXT_LINES: Format =
    Format { name: "lines", summary: "one text a line, without columns", endings: &["txt"], open };

fn open(source: Source, file: &Path, columns: &Columns) -> Result<FileRows, DataError> {
    // A line is the text, whatever the text is called in other files.
    let present = match &columns.text {
        ColumnRequest::No => Vec::new(),
        ColumnRequest::IfPresent(name) | ColumnRequest::Required(name) => vec![name.clone()],
    };
    let columns = FileColumns::find(columns, &present, file)?;
    let of_file = columns.columns();
    let rows = lines(source.buffered(), file).map(move |line| {
        let (number, bytes) = line?;
        let location = Location::Line(number);
        let text = utf8(&bytes, columns.file(), location)?;
        columns.row(location, |_, _| Ok(Cell::Text(Cow::Borrowed(text))))
    });
    Ok(FileRows::new(of_file, rows))
}

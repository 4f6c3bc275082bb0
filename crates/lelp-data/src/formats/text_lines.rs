//! One text a line; every line counts, so that answers stay beside their lines. Or lines as fastText has them.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use super::lines::Lines;
use super::utf8::utf8;
use super::{Format, Source, delimited, fasttext};
use crate::cells::Cell;
use crate::columns::{ColumnRequest, Columns, FileColumns, FileRows};
use crate::error::{DataError, Location};
use crate::notices::{NoticeKind, NoticeLog};

pub(super) static TEXT_LINES: Format = Format {
    name: "lines",
    summary: "one text a line, without columns; as fastText has it where lines begin or end with `__label__`",
    endings: &["txt"],
    open,
};

fn open(source: Source, file: &Path, columns: &Columns, notices: &NoticeLog) -> Result<FileRows, DataError> {
    let mut reader = source.text(file)?;
    let start = reader.fill_buf().map_err(|source| DataError::Read { file: file.to_owned(), source })?;
    let labelled = fasttext::is_labelled(start);
    if !labelled && delimited::is_header(start, columns) {
        let what = "a table, as its first line names columns: give its name the ending .csv or .tsv";
        return Err(DataError::Foreign { file: file.to_owned(), what });
    }
    if labelled {
        notices.add(file, NoticeKind::FastText, None);
    }
    // A line is the text, and what follows the mark its label, whatever they are called in other files.
    let name = |request: &ColumnRequest| request.name().map(str::to_owned);
    let label = name(&columns.label).filter(|_| labelled);
    let present: Vec<String> = name(&columns.text).into_iter().chain(label).collect();
    let columns = FileColumns::find(columns, &present, file, notices)?;
    let of_file = columns.columns();
    let rows = Lines::new(reader, file).map(move |line| {
        let (number, bytes) = line?;
        let location = Location::Line(number);
        let line = utf8(&bytes, columns.file(), location)?;
        let (label, text) = if labelled {
            fasttext::fields(line, columns.file(), number)?
        } else {
            (None, Cow::Borrowed(line))
        };
        columns.row(location, |_, place| {
            let is_label = place == 1;
            Ok(match (is_label, label) {
                (true, None) => Cell::Missing,
                (true, Some(label)) => Cell::Untyped(Cow::Borrowed(label)),
                (false, _) => Cell::Text(text.clone()),
            })
        })
    });
    Ok(FileRows::new(of_file, rows))
}

//! One text a line; every line counts, so that answers stay beside their lines. Or lines as fastText has them.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use super::lines::Lines;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{ColumnRequest, Columns, FileColumns, FileRows};
use crate::error::{DataError, Location};
use crate::notices::{NoticeKind, NoticeLog};

pub(super) static TEXT_LINES: Format = Format {
    name: "lines",
    summary: "one text a line, without columns; as fastText has it where the first begins with `__label__`",
    endings: &["txt"],
    open,
};

/// What stands before the label of a line in fastText's format.
const LABEL: &str = "__label__";

fn open(source: Source, file: &Path, columns: &Columns, notices: &NoticeLog) -> Result<FileRows, DataError> {
    let mut reader = source.text(file)?;
    let start = reader.fill_buf().map_err(|source| DataError::Read { file: file.to_owned(), source })?;
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    let labelled = start.starts_with(LABEL.as_bytes());
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
        let (label, text) = if labelled { fields(line, columns.file(), number)? } else { (None, line) };
        columns.row(location, |_, place| {
            let is_label = place == 1;
            Ok(match (is_label, label) {
                (true, None) => Cell::Missing,
                (true, Some(label)) => Cell::Untyped(Cow::Borrowed(label)),
                (false, _) => Cell::Text(Cow::Borrowed(text)),
            })
        })
    });
    Ok(FileRows::new(of_file, rows))
}

/// The label of a line of fastText, and its text; a line without the mark is unlabelled.
fn fields<'a>(line: &'a str, file: &Path, number: u64) -> Result<(Option<&'a str>, &'a str), DataError> {
    let Some(rest) = line.strip_prefix(LABEL) else { return Ok((None, line)) };
    let (label, text) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let text = text.trim_start();
    match text.strip_prefix(LABEL) {
        None => Ok((Some(label), text)),
        Some(second) => Err(DataError::TwoLabels {
            file: file.to_owned(),
            line: number,
            first: label.to_owned(),
            second: second.split_once([' ', '\t']).map_or(second, |(label, _)| label).to_owned(),
        }),
    }
}

//! Values between commas, semicolons, tabs or bars, below a header.

mod records;
mod sniff;

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use self::records::{Dialect, Records};
use super::lines::Lines;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{Columns, FileColumns, FileRows, Row};
use crate::error::{DataError, Location};
use crate::notices::{NoticeKind, NoticeLog};

pub(super) static CSV: Format = Format {
    name: "csv",
    summary: "values between commas (or semicolons, tabs, bars) below a header, quoted as in RFC 4180",
    endings: &["csv"],
    open: |source, file, columns, notices| open(source, b',', file, columns, notices),
};

pub(super) static TSV: Format = Format {
    name: "tsv",
    summary: "values between tabs below a header; quotation marks are part of the text",
    endings: &["tsv", "tab"],
    open: |source, file, columns, notices| open(source, b'\t', file, columns, notices),
};

fn open(
    source: Source,
    usual: u8,
    file: &Path,
    columns: &Columns,
    notices: &NoticeLog,
) -> Result<FileRows, DataError> {
    let mut lines = Lines::new(source.text(file)?, file);
    let (mut first, mut declared) = (Vec::new(), None);
    // Blank lines before the header are no rows.
    while first.trim_ascii().is_empty() {
        first.clear();
        if !lines.append(&mut first)? {
            return Err(DataError::Empty { file: file.to_owned() });
        }
        if declared.is_none()
            && let Some(delimiter) = sniff::declared(&first)
        {
            declared = Some(delimiter);
            first.clear();
        }
    }
    let usual = Dialect { delimiter: usual, quoting: true };
    let delimiter = declared.unwrap_or_else(|| sniff::delimiter(&first, usual, columns));
    let tabs = usual.delimiter == b'\t' && delimiter == b'\t';
    let mut records = Records::new(first, lines, Dialect { delimiter, quoting: !tabs });
    records.next_record()?;
    let name = |name: &[u8]| Ok(trimmed(utf8(name, file, Location::Line(1))?).to_owned());
    let present = records.fields().map(name).collect::<Result<Vec<String>, DataError>>()?;
    let columns = FileColumns::find(columns, &present, file, notices)?;
    let header = records.count();
    let of_file = columns.columns();
    let rows = DelimitedRows { records, columns, header, delimiter, tabs, notices: notices.clone() };
    Ok(FileRows::new(of_file, rows))
}

/// A column's name without the blanks, marks and characters of no width around it.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|character: char| {
        character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}')
    })
}

struct DelimitedRows<R> {
    records: Records<R>,
    columns: FileColumns,
    /// Fields of the header.
    header: usize,
    delimiter: u8,
    /// Whether quotation marks are part of the text.
    tabs: bool,
    notices: NoticeLog,
}

impl<R: BufRead> Iterator for DelimitedRows<R> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.records.next_record() {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl<R: BufRead> DelimitedRows<R> {
    fn row(&self) -> Result<Row, DataError> {
        let (line, last) = self.records.lines();
        let location = Location::Line(line);
        let file = self.columns.file();
        if self.records.count() != self.header {
            return Err(DataError::Ragged {
                file: file.to_owned(),
                line,
                last,
                fields: self.records.count() as u64,
                header: self.header as u64,
            });
        }
        let suspect = if self.tabs { in_quotes } else { spans_rows };
        let kind = if self.tabs { NoticeKind::QuotesInTsv } else { NoticeKind::QuotedLines };
        if (self.tabs || last > line) && self.records.fields().any(|field| suspect(field, self.delimiter)) {
            self.notices.add(file, kind, Some(location));
        }
        let field = |place: usize| utf8(self.records.field(place), file, location);
        self.columns.row(location, |_, place| field(place).map(|field| Cell::Untyped(Cow::Borrowed(field))))
    }
}

/// Whether a field could be several rows between two lone quotation marks.
fn spans_rows(field: &[u8], delimiter: u8) -> bool {
    field.contains(&b'\n') && field.contains(&delimiter)
}

fn in_quotes(field: &[u8], _: u8) -> bool {
    field.len() > 1 && field.starts_with(b"\"") && field.ends_with(b"\"")
}

//! Values between commas, semicolons, tabs or bars, below a header.

mod quote_reader;
mod quote_state;
mod records;
mod sniff;

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::path::Path;

use self::quote_reader::{Marks, QuoteReader};
use self::records::{Dialect, Records};
use super::lines::Lines;
use super::utf8::utf8;
use super::{Format, Source, foreign};
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
    let is_file = matches!(source, Source::File(_));
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
    if let Some(what) = foreign::in_place_of_header(&first) {
        return Err(DataError::Foreign { file: file.to_owned(), what });
    }
    let usual = Dialect { delimiter: usual, quoting: true, backslashes: false };
    let delimiter = declared.unwrap_or_else(|| sniff::delimiter(&first, usual, columns));
    // A header in quotation marks says that the program behind it quotes fields, with tabs between them too.
    let tabs = usual.delimiter == b'\t' && delimiter == b'\t' && !first.starts_with(b"\"");
    // Of a stream what has come so far would decide, which is another amount every time.
    let backslashes = is_file && !tabs && escapes_by_backslash(&mut lines, delimiter)?;
    if backslashes {
        notices.add(file, NoticeKind::BackslashQuotes, None);
    }
    let mut records = Records::new(first, lines, Dialect { delimiter, quoting: !tabs, backslashes });
    records.next_record()?;
    let name = |name: &[u8]| Ok(trimmed(utf8(name, file, Location::Line(1))?).to_owned());
    let present = records.fields().map(name).collect::<Result<Vec<String>, DataError>>()?;
    if let [header] = present.as_slice()
        && let Some(separator) = sniff::unknown(header, columns)
    {
        return Err(DataError::Separator { file: file.to_owned(), header: header.clone(), separator });
    }
    let columns = FileColumns::find(columns, &present, file, notices)?;
    let of_file = columns.columns();
    let header = records.count();
    let rows =
        DelimitedRows { records, columns, header, delimiter, tabs, stray: false, notices: notices.clone() };
    Ok(FileRows::new(of_file, rows))
}

/// Whether the first line of a file, which begins with `start`, names both the text and the label.
pub(super) fn is_header(start: &[u8], columns: &Columns) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let usual = Dialect { delimiter: b',', quoting: true, backslashes: false };
    let dialect = Dialect { delimiter: sniff::delimiter(line, usual, columns), ..usual };
    let fields = dialect.fields_of(line);
    let names = |name: Option<&str>| {
        name.is_some_and(|name| {
            let is_name =
                |field: &Vec<u8>| std::str::from_utf8(field).is_ok_and(|field| trimmed(field) == name);
            fields.iter().any(is_name)
        })
    };
    names(columns.text.name()) && names(columns.label.name())
}

/// Whether the first rows show that a quotation mark inside of a field stands behind a backslash: then one behind a backslash is
/// one in rows before that too.
fn escapes_by_backslash<R: BufRead>(lines: &mut Lines<R>, delimiter: u8) -> Result<bool, DataError> {
    let file = lines.file().to_owned();
    let read = |source| DataError::Read { file: file.clone(), source };
    let mut reader = QuoteReader::new(lines.reader.fill_buf().map_err(read)?, delimiter, Marks::Undecided, 1);
    io::copy(&mut reader, &mut io::sink()).map_err(read)?;
    Ok(reader.found().is_some_and(|first| first.escaped))
}

/// A column's name without the blanks, marks and characters of no width around it.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|character: char| {
        character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}')
    })
}

struct DelimitedRows {
    records: Records,
    columns: FileColumns,
    /// Fields of the header.
    header: usize,
    delimiter: u8,
    /// Whether quotation marks are part of the text.
    tabs: bool,
    /// Whether a quotation mark behind which its field goes on was told.
    stray: bool,
    notices: NoticeLog,
}

impl Iterator for DelimitedRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.records.next_record() {
            Ok(true) => {
                let row = self.row();
                self.tell_stray_quote();
                Some(row)
            }
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl DelimitedRows {
    fn tell_stray_quote(&mut self) {
        if let Some(first) = self.records.stray_quote().filter(|_| !self.stray) {
            self.stray = true;
            let kind = if first.escaped { NoticeKind::BackslashQuotes } else { NoticeKind::StrayQuote };
            self.notices.add(self.columns.file(), kind, Some(Location::Line(first.line)));
        }
    }

    /// Whether a field could be several rows between two lone quotation marks: its lines have as many separators as the rest of
    /// a row behind this column, whole rows, and a row before this column would have.
    fn holds_rows(&self, place: usize, field: &[u8]) -> bool {
        let mut lines = field.split(|&byte| byte == b'\n').map(|line| {
            let separators = line.iter().filter(|&&byte| byte == self.delimiter);
            separators.count()
        });
        let behind = lines.next();
        let Some(before) = lines.next_back() else { return false };
        behind == Some(self.header - 1 - place)
            && before == place
            && lines.all(|whole| whole == self.header - 1)
    }

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
        if self.tabs && self.records.fields().any(in_quotes) {
            self.notices.add(file, NoticeKind::QuotesInTsv, Some(location));
        }
        let mut places = self.records.fields().enumerate();
        if !self.tabs && last > line && places.any(|(place, field)| self.holds_rows(place, field)) {
            self.notices.add(file, NoticeKind::QuotedLines, Some(location));
        }
        if self.records.fields().all(|field| field.trim_ascii().is_empty()) {
            self.notices.add(file, NoticeKind::EmptyRow, Some(location));
        }
        self.columns.row(location, |column, place| {
            let field = utf8(self.records.field(place), file, location);
            Ok(Cell::Untyped(Cow::Borrowed(field.map_err(|error| error.in_column(column))?)))
        })
    }
}

fn in_quotes(field: &[u8]) -> bool {
    field.len() > 1 && field.starts_with(b"\"") && field.ends_with(b"\"")
}

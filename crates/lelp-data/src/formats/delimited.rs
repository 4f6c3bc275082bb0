//! Comma- and tab-separated values with a header row, quoted as in RFC 4180.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{Columns, FileColumns, FileRows, Row};
use crate::error::{DataError, Location};

pub(super) static CSV: Format = Format {
    name: "csv",
    summary: "comma-separated values with a header row, quoted as in RFC 4180",
    endings: &["csv"],
    open: |source, file, columns| open(source, b',', file, columns),
};

pub(super) static TSV: Format = Format {
    name: "tsv",
    summary: "tab-separated values with a header row",
    endings: &["tsv"],
    open: |source, file, columns| open(source, b'\t', file, columns),
};

fn open(source: Source, delimiter: u8, file: &Path, columns: &Columns) -> Result<FileRows, DataError> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(source.buffered());
    let header = reader.byte_headers().map_err(|error| of_csv(error, file))?;
    if header.is_empty() {
        return Err(DataError::Empty { file: file.to_owned() });
    }
    let present = header.iter().map(|name| Ok(utf8(name, file, Location::Line(1))?.to_owned()));
    let present = present.collect::<Result<Vec<String>, DataError>>()?;
    let columns = FileColumns::find(columns, &present, file)?;
    Ok(FileRows::new(columns.columns(), DelimitedRows { reader, columns, record: ByteRecord::new() }))
}

struct DelimitedRows<R> {
    reader: Reader<R>,
    columns: FileColumns,
    record: ByteRecord,
}

impl<R: Read> Iterator for DelimitedRows<R> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(of_csv(error, self.columns.file()))),
        }
    }
}

impl<R> DelimitedRows<R> {
    fn row(&self) -> Result<Row, DataError> {
        let location = Location::Line(self.record.position().map_or(0, csv::Position::line));
        let field = |place: usize| utf8(&self.record[place], self.columns.file(), location);
        self.columns.row(location, |_, place| field(place).map(|field| Cell::Untyped(Cow::Borrowed(field))))
    }
}

fn of_csv(error: csv::Error, file: &Path) -> DataError {
    let file = file.to_owned();
    match error.into_kind() {
        ErrorKind::Io(source) => DataError::Read { file, source },
        ErrorKind::UnequalLengths { pos, expected_len, len } => DataError::Ragged {
            file,
            line: pos.map_or(0, |position| position.line()),
            fields: len,
            header: expected_len,
        },
        // Byte records are neither decoded nor deserialised, and the reader is not sought: no other kind occurs.
        other => DataError::Read { file, source: std::io::Error::other(format!("{other:?}")) },
    }
}

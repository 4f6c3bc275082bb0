//! Comma- and tab-separated values with a header row, quoted as in RFC 4180.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use crate::columns::{Columns, Places};
use crate::error::{DataError, Place};
use crate::examples::{Example, utf8};
use crate::labels::Label;

pub(crate) fn rows<R: Read>(
    reader: R,
    delimiter: u8,
    file: &Path,
    columns: &Columns,
) -> Result<DelimitedRows<R>, DataError> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(reader);
    let header = reader.byte_headers().map_err(|error| of_csv(error, file))?;
    if header.is_empty() {
        return Err(DataError::Empty { file: file.to_owned() });
    }
    let present = header.iter().map(|name| Ok(utf8(name, file, Place::Line(1))?.to_owned()));
    let present = present.collect::<Result<Vec<String>, DataError>>()?;
    let places = columns.find(&present).map_err(|column| DataError::MissingColumn {
        file: file.to_owned(),
        column,
        present,
    })?;
    Ok(DelimitedRows { reader, places, file: file.to_owned(), record: ByteRecord::new() })
}

pub(crate) struct DelimitedRows<R> {
    reader: Reader<R>,
    places: Places,
    file: PathBuf,
    record: ByteRecord,
}

impl<R: Read> Iterator for DelimitedRows<R> {
    type Item = Result<Example, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some(self.example()),
            Ok(false) => None,
            Err(error) => Some(Err(of_csv(error, &self.file))),
        }
    }
}

impl<R> DelimitedRows<R> {
    fn example(&self) -> Result<Example, DataError> {
        let place = Place::Line(self.record.position().map_or(0, csv::Position::line));
        let field = |column: usize| utf8(&self.record[column], &self.file, place);
        let optional = |column: Option<usize>| column.map(field).transpose();
        Ok(Example {
            text: field(self.places.text)?.to_owned(),
            pair: optional(self.places.pair)?.map(str::to_owned),
            label: optional(self.places.label)?.and_then(Label::of_text),
            label_name: optional(self.places.label_name)?.filter(|name| !name.is_empty()).map(str::to_owned),
        })
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

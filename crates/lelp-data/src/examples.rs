//! Rows of a file one after another, whatever its format, without holding the file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::columns::Columns;
use super::error::{DataError, Place};
use super::formats::{Format, delimited, json_lines, parquet, text_lines};
use super::labels::Label;

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// The label as the file has it.
    pub label: Option<Label>,
    /// The name that the file gives to a numbered label.
    pub label_name: Option<String>,
}

/// The rows of a file in order; stops for good after the first error.
///
/// Delimited files, JSON Lines and lines of text are read as they come; Parquet in batches of rows. In
/// the memory is never more than a batch, or one row if that is larger.
pub struct Examples {
    rows: Box<dyn Iterator<Item = Result<Example, DataError>> + Send>,
    failed: bool,
}

impl Examples {
    /// Opens a file; the ending of its name says the format.
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, DataError> {
        let format = Format::of(path)?;
        let file = File::open(path).map_err(|source| DataError::Read { file: path.to_owned(), source })?;
        match format {
            Format::Parquet => Ok(Self::new(parquet::rows(file, path, columns)?)),
            _ => Self::from_reader(file, format, path, columns),
        }
    }

    /// Reads a stream, such as standard input; `name` stands for the file's name in errors.
    ///
    /// # Errors
    /// [`DataError::ParquetStream`] for [`Format::Parquet`], which cannot be read front to back.
    pub fn from_reader<R>(
        reader: R,
        format: Format,
        name: &Path,
        columns: &Columns,
    ) -> Result<Self, DataError>
    where
        R: Read + Send + 'static,
    {
        let reader = BufReader::with_capacity(1 << 16, reader);
        match format {
            Format::Parquet => Err(DataError::ParquetStream { file: name.to_owned() }),
            Format::Csv => Ok(Self::new(delimited::rows(reader, b',', name, columns)?)),
            Format::Tsv => Ok(Self::new(delimited::rows(reader, b'\t', name, columns)?)),
            Format::JsonLines => Ok(Self::new(json_lines::rows(reader, name, columns)?)),
            Format::TextLines => Ok(Self::new(text_lines::rows(reader, name))),
        }
    }

    fn new(rows: impl Iterator<Item = Result<Example, DataError>> + Send + 'static) -> Self {
        Self { rows: Box::new(rows), failed: false }
    }
}

impl Iterator for Examples {
    type Item = Result<Example, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let row = self.rows.next();
        self.failed = matches!(row, Some(Err(_)));
        row
    }
}

/// `bytes` as text, or an error that names the row.
pub(super) fn utf8<'a>(bytes: &'a [u8], file: &Path, place: Place) -> Result<&'a str, DataError> {
    std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        file: file.to_owned(),
        place,
        valid: error.valid_up_to(),
    })
}

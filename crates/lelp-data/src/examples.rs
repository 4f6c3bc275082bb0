//! Rows of a file one after another, whatever its format, without holding the file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::array_columns::ArrayColumn;
use crate::cells::{Value, ValueKind};
use crate::columns::{Columns, FileRows, Row, ValueColumn};
use crate::error::{DataError, Location};
use crate::formats::{Format, Source};
use crate::table::{Table, TableBuilder};

/// The rows of a file in order, as tables of as many rows as are wanted at once.
///
/// Delimited files, JSON Lines and lines of text are read as they come; Parquet in batches of rows. In
/// the memory is never more than a batch, or one row if that is larger.
pub struct Examples {
    file: PathBuf,
    rows: FileRows,
    arrays: Vec<ArrayColumn>,
    builder: TableBuilder,
    /// Rows so far.
    row: u64,
}

impl Examples {
    /// Opens a file; the ending of its name says the format.
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, DataError> {
        let format = Format::of(path)?;
        let file = File::open(path).map_err(|source| DataError::Read { file: path.to_owned(), source })?;
        Self::new(format.open(Source::File(file), path, columns)?, path, columns)
    }

    /// Reads a stream, such as standard input; `name` stands for the file's name in errors.
    ///
    /// # Errors
    /// [`DataError::ParquetStream`] for Parquet, which cannot be read front to back.
    pub fn from_reader<R>(
        reader: R,
        format: &Format,
        name: &Path,
        columns: &Columns,
    ) -> Result<Self, DataError>
    where
        R: Read + Send + 'static,
    {
        Self::new(format.open(Source::Stream(Box::new(reader)), name, columns)?, name, columns)
    }

    fn new(rows: FileRows, file: &Path, columns: &Columns) -> Result<Self, DataError> {
        let arrays = columns.array_files().map(|name| ArrayColumn::open(file, name));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let mut columns = rows.columns().to_vec();
        columns.extend(
            arrays.iter().map(|array| ValueColumn { name: array.name().to_owned(), kind: ValueKind::Vector }),
        );
        Ok(Self { file: file.to_owned(), rows, arrays, builder: TableBuilder::new(columns), row: 0 })
    }

    /// The next rows, at most `most`; `None` behind the last one.
    pub fn next_table(&mut self, most: usize) -> Result<Option<Table>, DataError> {
        for read in 0..most {
            let Some(row) = self.next_row()? else {
                return if read == 0 { Ok(None) } else { self.finish().map(Some) };
            };
            self.push(row.location, row.values)?;
        }
        self.finish().map(Some)
    }

    /// The next row.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, DataError> {
        let Some(row) = self.rows.next() else {
            let other = self.arrays.iter().find(|array| array.rows() != self.row);
            return other.map_or(Ok(None), |array| Err(self.array_rows(array, false)));
        };
        let mut row = row?;
        for array in &self.arrays {
            if self.row >= array.rows() {
                return Err(self.array_rows(array, true));
            }
            let vector = ValueKind::Vector.read(crate::cells::Cell::Numbers(array.vector(self.row)));
            let location = Location::Row(self.row);
            row.values.push(vector.map_err(|problem| DataError::Value {
                file: self.file.clone(),
                location,
                column: array.name().to_owned(),
                problem,
            })?);
        }
        self.row += 1;
        Ok(Some(row))
    }

    /// Adds the values of a row to the next table.
    pub(crate) fn push(&mut self, location: Location, values: Vec<Value>) -> Result<(), DataError> {
        self.builder.push(values).map_err(|wrong| DataError::Value {
            file: self.file.clone(),
            location: wrong.row.map_or(location, Location::Row),
            column: wrong.column,
            problem: wrong.problem,
        })
    }

    /// The rows since the last table.
    pub(crate) fn finish(&mut self) -> Result<Table, DataError> {
        self.builder.finish().map_err(|source| DataError::Table { file: self.file.clone(), source })
    }

    fn array_rows(&self, array: &ArrayColumn, more: bool) -> DataError {
        DataError::ArrayRows {
            file: self.file.clone(),
            rows: self.row,
            more,
            column: array.name().to_owned(),
            found: array.rows(),
        }
    }
}

//! Rows of a file one after another, whatever its format, without holding the file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::array_columns::ArrayColumn;
use crate::cells::{Value, ValueKind};
use crate::columns::{Columns, FileRows, Row, ValueColumn};
use crate::error::{DataError, Location};
use crate::files::{DataFile, files_of};
use crate::formats::{Format, Source};
use crate::notices::{Notice, NoticeLog};
use crate::table::{Table, TableBuilder};

/// The rows of a file in order, as tables of as many rows as are wanted at once.
///
/// Delimited files, JSON Lines and lines of text are read as they come; Parquet in batches of rows. In
/// the memory is never more than a batch, or one row if that is larger.
pub struct Examples {
    file: PathBuf,
    wanted: Columns,
    rows: FileRows,
    /// The file that is read, and the parts behind it.
    part: PathBuf,
    parts: VecDeque<DataFile>,
    arrays: Vec<ArrayColumn>,
    builder: TableBuilder,
    notices: NoticeLog,
    /// Rows so far.
    row: u64,
    /// An error that waits until the rows before it are given out.
    error: Option<DataError>,
}

impl Examples {
    /// Opens a file, a folder of parts, or the shards of a split; the endings of names say the format.
    ///
    /// | path | what is read |
    /// |---|---|
    /// | `train.csv`, `train.jsonl.gz` | the file |
    /// | `train.parquet/` of `part-00000-...` and `_SUCCESS` | all parts, in the order of their names |
    /// | `train`, beside `train-00000-of-00002.parquet` and its like | all shards |
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, DataError> {
        let notices = NoticeLog::default();
        let mut parts = VecDeque::from(files_of(path, &notices)?);
        let several = parts.len() > 1;
        loop {
            let part = parts.pop_front().ok_or_else(|| DataError::Empty { file: path.to_owned() })?;
            match open_part(&part, columns, &notices) {
                // Spark writes a part for each of its workers, also for one without rows.
                Err(DataError::Empty { .. }) if several => {}
                Ok(rows) if several && rows.columns().is_empty() => {}
                rows => return Self::new(rows?, path, part.path, parts, columns, notices),
            }
        }
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
        let notices = NoticeLog::default();
        let rows = format.open(Source::Stream(Box::new(reader)), name, columns, &notices)?;
        Self::new(rows, name, name.to_owned(), VecDeque::new(), columns, notices)
    }

    fn new(
        rows: FileRows,
        file: &Path,
        part: PathBuf,
        parts: VecDeque<DataFile>,
        wanted: &Columns,
        notices: NoticeLog,
    ) -> Result<Self, DataError> {
        let arrays = wanted.array_files().map(|name| ArrayColumn::open(file, name));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let mut columns = rows.columns().to_vec();
        columns.extend(arrays.iter().map(|array| ValueColumn::new(array.name(), ValueKind::Vector)));
        let (file, wanted) = (file.to_owned(), wanted.clone());
        let builder = TableBuilder::new(columns);
        Ok(Self { file, wanted, rows, part, parts, arrays, builder, notices, row: 0, error: None })
    }

    /// Notices about the rows so far, for the user.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.notices.all()
    }

    /// Names of the classes by number, where the file has them.
    pub(crate) fn class_names(&self) -> Option<Vec<String>> {
        self.rows.class_names().map(<[String]>::to_vec)
    }

    /// The next rows, at most `most`; `None` behind the last one.
    ///
    /// After an error of one row (see [`DataError::is_of_row`]) the rows behind it can be read on; the rows before it are
    /// given out first.
    pub fn next_table(&mut self, most: usize) -> Result<Option<Table>, DataError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        for read in 0..most {
            let pushed = match self.next_row() {
                Ok(Some(row)) => self.push(row.location, row.values),
                Ok(None) => return if read == 0 { Ok(None) } else { self.finish().map(Some) },
                Err(error) => Err(error),
            };
            if let Err(error) = pushed {
                if read == 0 {
                    return Err(error);
                }
                self.error = Some(error);
                break;
            }
        }
        self.finish().map(Some)
    }

    /// The rows of the next part that has some, if they are of the same columns.
    fn next_part(&mut self) -> Result<bool, DataError> {
        while let Some(part) = self.parts.pop_front() {
            let rows = match open_part(&part, &self.wanted, &self.notices) {
                Err(DataError::Empty { .. }) => continue,
                rows => rows?,
            };
            if rows.columns().is_empty() {
                continue;
            }
            if rows.columns() != self.rows.columns() {
                return Err(DataError::PartColumns { first: self.part.clone(), second: part.path });
            }
            (self.rows, self.part) = (rows, part.path);
            return Ok(true);
        }
        Ok(false)
    }

    /// The next row.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, DataError> {
        let row = loop {
            if let Some(row) = self.rows.next() {
                break row;
            }
            if !self.next_part()? {
                let other = self.arrays.iter().find(|array| array.rows() != self.row);
                return other.map_or(Ok(None), |array| Err(self.array_rows(array, false)));
            }
        };
        let mut row = row.inspect_err(|error| self.row += u64::from(error.is_of_row()))?;
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
            file: self.part.clone(),
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

fn open_part(part: &DataFile, columns: &Columns, notices: &NoticeLog) -> Result<FileRows, DataError> {
    let file = &part.path;
    let source = File::open(file).map_err(|source| DataError::Read { file: file.clone(), source })?;
    part.format.open(Source::File(source), file, columns, notices)
}

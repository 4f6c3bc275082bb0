//! Parquet, a batch of rows at a time.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::basic::Type;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::SchemaDescriptor;

use crate::columns::{Columns, Places};
use crate::error::{DataError, Place};
use crate::examples::{Example, utf8};
use crate::labels::Label;

/// Rows decoded at once.
const BATCH: usize = 4096;

/// A file may unpack to this many bytes, whatever its size ...
const ALWAYS_ALLOWED: u64 = 1 << 30;
/// ... or to this many times its size: no real text is packed as tightly.
const MOST_GROWTH: u64 = 1000;

pub(crate) fn rows(file: File, path: &Path, columns: &Columns) -> Result<ParquetRows, DataError> {
    rows_within(file, path, columns, ALWAYS_ALLOWED)
}

/// As [`rows`], where a file of any size may unpack to `allowed` bytes.
fn rows_within(file: File, path: &Path, columns: &Columns, allowed: u64) -> Result<ParquetRows, DataError> {
    let read = |source| DataError::Read { file: path.to_owned(), source };
    let file_bytes = file.metadata().map_err(read)?.len();
    if file_bytes == 0 {
        return Err(DataError::Empty { file: path.to_owned() });
    }
    let reader = guarded(path, || SerializedFileReader::new(file))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let present: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    let places = columns.find(&present).map_err(|column| DataError::MissingColumn {
        file: path.to_owned(),
        column,
        present: present.clone(),
    })?;
    check_types(path, schema, places, &present)?;
    let limit = allowed.max(file_bytes.saturating_mul(MOST_GROWTH));
    Ok(ParquetRows {
        path: path.to_owned(),
        reader,
        places,
        names: present,
        group: 0,
        open: None,
        batch: Vec::new().into_iter(),
        row: 0,
        budget: Budget { used: 0, limit, file_bytes },
    })
}

pub(crate) struct ParquetRows {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    places: Places,
    names: Vec<String>,
    /// The row group to open next.
    group: usize,
    open: Option<Group>,
    batch: std::vec::IntoIter<Example>,
    /// Rows of all batches so far.
    row: u64,
    budget: Budget,
}

/// Bytes that the texts have taken, and may take.
struct Budget {
    used: u64,
    limit: u64,
    file_bytes: u64,
}

/// The readers of an open row group.
struct Group {
    place: usize,
    claimed: u64,
    read: u64,
    text: Column,
    pair: Option<Column>,
    label: Option<Column>,
    label_name: Option<Column>,
}

struct Column {
    place: usize,
    /// The level at which a value is there; below it is null.
    full_level: i16,
    reader: ColumnReader,
}

impl Iterator for ParquetRows {
    type Item = Result<Example, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(example) = self.batch.next() {
                return Some(Ok(example));
            }
            match self.next_batch() {
                Ok(Some(batch)) => self.batch = batch.into_iter(),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl ParquetRows {
    /// The next rows of this group, or the first of the next; `None` after the last group.
    fn next_batch(&mut self) -> Result<Option<Vec<Example>>, DataError> {
        loop {
            let mut group = match self.open.take() {
                Some(group) => group,
                None if self.group == self.reader.num_row_groups() => return Ok(None),
                None => self.open_group()?,
            };
            let examples = self.read_batch(&mut group)?;
            group.read += examples.len() as u64;
            if examples.is_empty() {
                self.check_count(&group, group.text.place, group.read)?;
                continue;
            }
            self.open = Some(group);
            return Ok(Some(examples));
        }
    }

    /// Refuses a row group with pages outside the file; the decoder panics on negative places.
    fn check_chunks(&self, group: usize) -> Result<(), DataError> {
        let inside = |start: i64, bytes: i64| {
            let (start, bytes) = (u64::try_from(start).ok()?, u64::try_from(bytes).ok()?);
            start.checked_add(bytes).filter(|&end| end <= self.budget.file_bytes)
        };
        for chunk in self.reader.metadata().row_group(group).columns() {
            let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
            if inside(start, chunk.compressed_size()).is_none() {
                return Err(DataError::ParquetDamaged { file: self.path.clone() });
            }
        }
        Ok(())
    }

    fn open_group(&mut self) -> Result<Group, DataError> {
        let place = self.group;
        self.group += 1;
        self.check_chunks(place)?;
        let (reader, places) = (&self.reader, self.places);
        guarded(&self.path, || {
            let group = reader.get_row_group(place)?;
            let column = |place: usize| {
                let full_level = group.metadata().schema_descr().column(place).max_def_level();
                Ok::<_, ParquetError>(Column { place, full_level, reader: group.get_column_reader(place)? })
            };
            Ok(Group {
                place,
                claimed: u64::try_from(group.metadata().num_rows()).unwrap_or(0),
                read: 0,
                text: column(places.text)?,
                pair: places.pair.map(column).transpose()?,
                label: places.label.map(column).transpose()?,
                label_name: places.label_name.map(column).transpose()?,
            })
        })
    }

    fn read_batch(&mut self, group: &mut Group) -> Result<Vec<Example>, DataError> {
        let texts = self.texts(&mut group.text)?;
        let rows = texts.len();
        let mut pairs = self.others(group.pair.as_mut(), Self::texts)?;
        let mut labels = self.others(group.label.as_mut(), Self::labels)?;
        let mut names = self.others(group.label_name.as_mut(), Self::texts)?;
        let columns =
            [(&group.pair, pairs.as_ref().map(Vec::len)), (&group.label, labels.as_ref().map(Vec::len))];
        for (column, found) in columns.into_iter().chain([(&group.label_name, names.as_ref().map(Vec::len))])
        {
            if let (Some(column), Some(found)) = (column, found)
                && found != rows
            {
                return Err(self.wrong_count(group, column.place, group.read + found as u64));
            }
        }
        let first = self.row;
        self.row += rows as u64;
        let examples = texts.into_iter().enumerate().map(|(row, text)| {
            Ok(Example {
                text: text.ok_or_else(|| DataError::MissingText {
                    file: self.path.clone(),
                    place: Place::Row(first + row as u64),
                    column: self.names[group.text.place].clone(),
                })?,
                pair: pairs.as_mut().and_then(|pairs| pairs[row].take()),
                label: labels.as_mut().and_then(|labels| labels[row].take()),
                label_name: names.as_mut().and_then(|names| names[row].take()),
            })
        });
        examples.collect()
    }

    fn others<T>(
        &mut self,
        column: Option<&mut Column>,
        read: impl Fn(&mut Self, &mut Column) -> Result<Vec<Option<T>>, DataError>,
    ) -> Result<Option<Vec<Option<T>>>, DataError> {
        column.map(|column| read(self, column)).transpose()
    }

    fn texts(&mut self, column: &mut Column) -> Result<Vec<Option<String>>, DataError> {
        let full = column.full_level;
        let ColumnReader::ByteArrayColumnReader(reader) = &mut column.reader else {
            unreachable!("column types are checked when the file is opened")
        };
        let values = guarded(&self.path, || read_values(reader, full))?;
        let mut texts = Vec::with_capacity(values.len());
        for (row, value) in (self.row..).zip(values) {
            self.budget.spend(value.as_ref().map_or(0, ByteArray::len), row, &self.path)?;
            let text = value.map(|value| utf8(value.data(), &self.path, Place::Row(row)).map(str::to_owned));
            texts.push(text.transpose()?);
        }
        Ok(texts)
    }

    fn labels(&mut self, column: &mut Column) -> Result<Vec<Option<Label>>, DataError> {
        let full = column.full_level;
        let path = &self.path;
        Ok(match &mut column.reader {
            ColumnReader::Int32ColumnReader(reader) => of_text(guarded(path, || read_values(reader, full))?),
            ColumnReader::Int64ColumnReader(reader) => of_text(guarded(path, || read_values(reader, full))?),
            ColumnReader::DoubleColumnReader(reader) => of_text(guarded(path, || read_values(reader, full))?),
            ColumnReader::FloatColumnReader(reader) => of_text(guarded(path, || read_values(reader, full))?),
            ColumnReader::BoolColumnReader(reader) => of_text(guarded(path, || read_values(reader, full))?),
            _ => of_text(self.texts(column)?),
        })
    }

    fn check_count(&self, group: &Group, column: usize, found: u64) -> Result<(), DataError> {
        if group.claimed == found { Ok(()) } else { Err(self.wrong_count(group, column, found)) }
    }

    fn wrong_count(&self, group: &Group, column: usize, found: u64) -> DataError {
        DataError::RowCount {
            file: self.path.clone(),
            group: group.place,
            column: self.names[column].clone(),
            claimed: group.claimed,
            found,
        }
    }
}

impl Budget {
    fn spend(&mut self, bytes: usize, row: u64, path: &Path) -> Result<(), DataError> {
        // A row costs its bookkeeping too, so that a run of empty texts is no way round the limit.
        self.used += (bytes + size_of::<String>()) as u64;
        if self.used <= self.limit {
            return Ok(());
        }
        let (file_bytes, limit) = (self.file_bytes, self.limit);
        Err(DataError::TooLarge { file: path.to_owned(), row, file_bytes, limit })
    }
}

/// Labels by way of their text: numbers, names and missing values have one set of rules.
fn of_text<T: ToString>(values: Vec<Option<T>>) -> Vec<Option<Label>> {
    values.into_iter().map(|value| Label::of_text(&value?.to_string())).collect()
}

/// Up to [`BATCH`] values, `None` for null.
fn read_values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    full_level: i16,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let mut levels = Vec::new();
    let mut values = Vec::new();
    let (rows, _, _) = reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
    if full_level == 0 {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    let value = |level: i16| if level == full_level { values.next() } else { None };
    Ok(levels.into_iter().take(rows).map(value).collect())
}

/// Runs a step of the Parquet decoder, which panics on some damaged files instead of returning an error.
fn guarded<T>(path: &Path, step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, DataError> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(DataError::Parquet { file: path.to_owned(), source }),
        Err(_) => Err(DataError::ParquetDamaged { file: path.to_owned() }),
    }
}

fn check_types(
    path: &Path,
    schema: &SchemaDescriptor,
    places: Places,
    names: &[String],
) -> Result<(), DataError> {
    let check = |place: usize, wanted: &'static str, fits: fn(Type) -> bool| {
        let column = schema.column(place);
        let single = column.max_rep_level() == 0;
        if single && fits(column.physical_type()) {
            return Ok(());
        }
        let list = if single { "" } else { "lists of " };
        Err(DataError::ColumnType {
            file: path.to_owned(),
            place: Place::Row(0),
            column: names[place].clone(),
            found: format!("{list}{}", column.physical_type()),
            wanted,
        })
    };
    let text = |physical| physical == Type::BYTE_ARRAY;
    for place in [Some(places.text), places.pair, places.label_name].into_iter().flatten() {
        check(place, "text (BYTE_ARRAY)", text)?;
    }
    places.label.map_or(Ok(()), |place| {
        check(place, "text or a number", |physical| {
            !matches!(physical, Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY)
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use ::parquet::data_type::ByteArrayType;
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    /// One text in the dictionary, named by each of many rows: the file is small, its texts are not.
    #[test]
    fn a_dictionary_bomb_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.parquet");
        let schema = Arc::new(parse_message_type("message rows { required binary text (UTF8); }").unwrap());
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let texts = vec![ByteArray::from(vec![b'a'; 2000]); 10_000];
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let file_bytes = std::fs::metadata(&path).unwrap().len();
        assert!(file_bytes * MOST_GROWTH < 20_000_000, "{file_bytes} bytes for 20 MB of text");
        let open = |allowed| rows_within(File::open(&path).unwrap(), &path, &Columns::default(), allowed);
        let stopped = open(1000).unwrap().find_map(Result::err).unwrap();
        assert!(matches!(stopped, DataError::TooLarge { .. }), "{stopped}");
        assert!(open(30_000_000).unwrap().all(|row| row.is_ok()));
    }
}

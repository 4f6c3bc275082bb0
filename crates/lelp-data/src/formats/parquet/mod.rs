//! Parquet, a batch of rows at a time; uncompressed, or with Snappy, gzip, Brotli, LZ4 or Zstandard.
//!
//! Columns are decoded by the crate `parquet` below its Arrow readers: those report a text that is not valid UTF-8 or a
//! null without its row, and copy a dictionary's text for every row that names it before anyone can count the bytes.

mod column;
mod pages;

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::column::reader::{ColumnReader, get_column_reader};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use ::parquet::schema::types::SchemaDescriptor;

use self::column::{Layout, Values};
use self::pages::CountedPages;
use super::budget::{ALWAYS_ALLOWED, Budget};
use super::class_label;
use super::utf8::utf8;
use super::{Format, Source};
use crate::cells::Cell;
use crate::columns::{Columns, FileColumns, FileRows, Row};
use crate::error::{DataError, Location};
use crate::notices::NoticeLog;

pub(super) static PARQUET: Format = Format {
    name: "parquet",
    summary: "Apache Parquet; vectors are lists of one length",
    endings: &["parquet"],
    open: |source, path, columns, notices| match source {
        Source::File(_) if path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("parquet")) => {
            let what = "a packed Parquet file, whose pages are packed already: unpack it first";
            Err(DataError::Foreign { file: path.to_owned(), what })
        }
        Source::File(file) => {
            let file = Source::binary_file(file, path, &PARQUET)?;
            let rows = rows_within(file, path, columns, notices, ALWAYS_ALLOWED)?;
            let class_names = columns.label.name().and_then(|label| rows.class_names(label));
            Ok(FileRows::new(rows.columns.columns(), rows).with_class_names(class_names))
        }
        Source::Stream(_) => Err(DataError::ParquetStream { file: path.to_owned() }),
    },
};

/// Rows decoded at once ...
const BATCH: usize = 4096;
/// ... or fewer, so that no column of lists has more numbers at once.
const BATCH_NUMBERS: u64 = 1 << 22;

/// The rows of a file, which may unpack to `allowed` bytes whatever its size.
fn rows_within(
    file: File,
    path: &Path,
    columns: &Columns,
    notices: &NoticeLog,
    allowed: u64,
) -> Result<ParquetRows, DataError> {
    let read = |source| DataError::Read { file: path.to_owned(), source };
    let file_bytes = file.metadata().map_err(read)?.len();
    if file_bytes == 0 {
        return Err(DataError::Empty { file: path.to_owned() });
    }
    let reader = guarded(path, || SerializedFileReader::new(file))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let columns = FileColumns::find(columns, &names(schema), path, notices)?;
    let layout = |(name, place): (&str, usize)| {
        let layout = Layout::of(&schema.column(place));
        let layout = layout.map_err(|found| columns.refuse(place, Location::Row(0), found))?;
        Ok((name.to_owned(), place, layout))
    };
    let layouts = columns.places().map(layout).collect::<Result<_, DataError>>()?;
    Ok(ParquetRows {
        path: path.to_owned(),
        reader,
        columns,
        layouts,
        group: 0,
        open: None,
        batch: Vec::new().into_iter(),
        row: 0,
        budget: Budget::new(file_bytes, allowed),
    })
}

/// Names of the columns: a list is called as its field, what is nested deeper by its whole path.
fn names(schema: &SchemaDescriptor) -> Vec<String> {
    let root = |place: usize| schema.column(place).path().parts()[0].clone();
    let roots: Vec<String> = (0..schema.num_columns()).map(root).collect();
    let name = |(place, root): (usize, &String)| {
        let column = schema.column(place);
        // A list of one sort of value: `embedding.list.element`, or `embedding` where the field itself repeats.
        let is_list = column.max_rep_level() == 1 && column.path().parts().len() <= 3;
        let alone = roots.iter().filter(|other| *other == root).count() == 1;
        if is_list && alone { root.clone() } else { column.path().string() }
    };
    roots.iter().enumerate().map(name).collect()
}

struct ParquetRows {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    columns: FileColumns,
    /// Name, place and layout of each column that is read, in the order in which a row asks for them.
    layouts: Vec<(String, usize, Layout)>,
    /// The row group to open next.
    group: usize,
    open: Option<Group>,
    batch: std::vec::IntoIter<Row>,
    /// Rows of all batches so far.
    row: u64,
    budget: Budget,
}

/// The readers of an open row group.
struct Group {
    place: usize,
    claimed: u64,
    read: u64,
    /// Rows of a batch.
    batch: usize,
    /// One for each of the layouts.
    readers: Vec<ColumnReader>,
}

impl Iterator for ParquetRows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
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
    /// Names of the classes in the column `label`, where the file was written by `datasets` and has them.
    fn class_names(&self, label: &str) -> Option<Vec<String>> {
        let entries = self.reader.metadata().file_metadata().key_value_metadata()?;
        let about = entries.iter().find(|entry| entry.key == class_label::KEY)?;
        class_label::names(about.value.as_deref()?, label)
    }

    /// The next rows of this group, or the first of the next; `None` after the last group.
    fn next_batch(&mut self) -> Result<Option<Vec<Row>>, DataError> {
        loop {
            let mut group = match self.open.take() {
                Some(group) => group,
                None if self.group == self.reader.num_row_groups() => return Ok(None),
                None => self.open_group()?,
            };
            let rows = self.read_batch(&mut group)?;
            group.read += rows.len() as u64;
            if rows.is_empty() {
                self.check_count(&group, 0, group.read)?;
                continue;
            }
            self.open = Some(group);
            return Ok(Some(rows));
        }
    }

    /// Refuses a row group with pages outside the file; the decoder panics on negative places.
    fn check_chunks(&self, group: usize) -> Result<(), DataError> {
        let inside = |start: i64, bytes: i64| {
            let (start, bytes) = (u64::try_from(start).ok()?, u64::try_from(bytes).ok()?);
            start.checked_add(bytes).filter(|&end| end <= self.budget.file_bytes())
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
        let metadata = self.reader.metadata().row_group(place);
        let claimed = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let mut batch = BATCH as u64;
        for (_, column, layout) in &self.layouts {
            if layout.is_list() {
                let numbers = u64::try_from(metadata.column(*column).num_values()).unwrap_or(0);
                self.budget.check(numbers.saturating_mul(4), self.row, &self.path)?;
                batch = batch.min(BATCH_NUMBERS / (numbers / claimed.max(1)).max(1)).max(1);
            }
        }
        let (reader, layouts) = (&self.reader, &self.layouts);
        guarded(&self.path, || {
            let group = reader.get_row_group(place)?;
            let open =
                |(_, column, layout): &(String, usize, Layout)| column_reader(&*group, *column, *layout);
            let readers = layouts.iter().map(open).collect::<Result<_, ParquetError>>()?;
            Ok(Group { place, claimed, read: 0, batch: batch as usize, readers })
        })
    }

    fn read_batch(&mut self, group: &mut Group) -> Result<Vec<Row>, DataError> {
        let mut columns = Vec::with_capacity(group.readers.len());
        for (place, (_, _, layout)) in self.layouts.iter().enumerate() {
            let (reader, batch) = (&mut group.readers[place], group.batch);
            let values = guarded(&self.path, || column::read(reader, *layout, batch))?;
            let name = &self.layouts[place].0;
            let cells = cells(values, self.row, &self.path, &mut self.budget);
            let cells = cells.map_err(|error| error.in_column(name))?;
            columns.push(cells.into_iter());
        }
        let rows = columns.first().map_or_else(
            || group.batch.min(usize::try_from(group.claimed - group.read).unwrap_or(usize::MAX)),
            ExactSizeIterator::len,
        );
        for (place, column) in columns.iter().enumerate() {
            if column.len() != rows {
                return Err(self.wrong_count(group, place, group.read + column.len() as u64));
            }
        }
        let first = self.row;
        self.row += rows as u64;
        let row = |row| {
            // A row asks for its cells in the order of the layouts.
            let mut next = columns.iter_mut();
            self.columns.row(Location::Row(row), |_, _| {
                Ok(next.next().and_then(Iterator::next).expect("each column has a cell for each row"))
            })
        };
        (first..self.row).map(row).collect()
    }

    fn check_count(&self, group: &Group, column: usize, found: u64) -> Result<(), DataError> {
        if group.claimed == found { Ok(()) } else { Err(self.wrong_count(group, column, found)) }
    }

    fn wrong_count(&self, group: &Group, column: usize, found: u64) -> DataError {
        DataError::RowCount {
            file: self.path.clone(),
            group: group.place,
            column: self.layouts[column].0.clone(),
            claimed: group.claimed,
            found,
        }
    }
}

fn column_reader(
    group: &dyn RowGroupReader,
    column: usize,
    layout: Layout,
) -> Result<ColumnReader, ParquetError> {
    if !layout.is_list() {
        return group.get_column_reader(column);
    }
    let left = u64::try_from(group.metadata().column(column).num_values()).unwrap_or(0);
    let pages = CountedPages { pages: group.get_column_page_reader(column)?, left };
    Ok(get_column_reader(group.metadata().schema_descr().column(column), Box::new(pages)))
}

/// The cells of rows from `first` on, each paid for.
fn cells(
    values: Values,
    first: u64,
    path: &Path,
    budget: &mut Budget,
) -> Result<Vec<Cell<'static>>, DataError> {
    match values {
        Values::Cells(cells) => {
            for (row, cell) in (first..).zip(&cells) {
                budget.spend(cell.bytes(), row, path)?;
            }
            Ok(cells)
        }
        Values::Bytes(values) => {
            let mut cells = Vec::with_capacity(values.len());
            for (row, value) in (first..).zip(values) {
                budget.spend(value.as_ref().map_or(0, ::parquet::data_type::ByteArray::len), row, path)?;
                cells.push(match value {
                    None => Cell::Missing,
                    Some(value) => {
                        let text = utf8(value.data(), path, Location::Row(row))?;
                        Cell::Text(Cow::Owned(text.to_owned()))
                    }
                });
            }
            Ok(cells)
        }
    }
}

/// Runs a step of the Parquet decoder, which panics on some damaged files instead of returning an error.
fn guarded<T>(path: &Path, step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, DataError> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ParquetError::NYI(found))) => Err(DataError::ParquetCodec { file: path.to_owned(), found }),
        Ok(Err(ParquetError::General(found))) if found.contains("encrypt") || found.contains("codec") => {
            Err(DataError::ParquetCodec { file: path.to_owned(), found })
        }
        Ok(Err(source)) => Err(DataError::Parquet { file: path.to_owned(), source }),
        Err(_) => Err(DataError::ParquetDamaged { file: path.to_owned() }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use ::parquet::data_type::{ByteArray, ByteArrayType};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::super::budget::MOST_GROWTH;
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
        let open = |allowed| {
            rows_within(
                File::open(&path).unwrap(),
                &path,
                &Columns::default(),
                &NoticeLog::default(),
                allowed,
            )
        };
        let stopped = open(1000).unwrap().find_map(Result::err).unwrap();
        assert!(matches!(stopped, DataError::TooLarge { .. }), "{stopped}");
        assert!(open(30_000_000).unwrap().all(|row| row.is_ok()));
    }
}

//! One column of a row group: its values as cells.

use ::parquet::basic::{ConvertedType, LogicalType, Type};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{AsBytes, ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::schema::types::ColumnDescriptor;
use half::f16;

use crate::cells::Cell;

/// How the values of a column are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// The level at which a value is there; below it is null, or the end of a list.
    full_level: i16,
    /// For a list: the level at which it has an element.
    list_level: Option<i16>,
    numbers: Numbers,
}

/// What the stored numbers or bytes stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Themselves.
    Plain,
    /// Numbers without a sign.
    Unsigned,
    /// Numbers over this power of ten.
    Decimal(i32),
    /// 16-bit floats.
    Half,
    /// Days since 1970-01-01.
    Days,
}

impl Layout {
    /// The layout of a column, or what it holds that no table can.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Self, &'static str> {
        use ConvertedType as Old;
        let (logical, old) = (column.logical_type_ref(), column.converted_type());
        let numbers = match (logical, old) {
            (Some(LogicalType::Decimal(_)), _) | (None, Old::DECIMAL) => {
                Numbers::Decimal(column.type_scale())
            }
            (Some(LogicalType::Date), _) | (None, Old::DATE) => Numbers::Days,
            (Some(LogicalType::Time(_) | LogicalType::Timestamp(_)), _)
            | (None, Old::TIME_MILLIS | Old::TIME_MICROS | Old::TIMESTAMP_MILLIS | Old::TIMESTAMP_MICROS) => {
                return Err("a time");
            }
            (Some(LogicalType::Integer(whole)), _) if !whole.is_signed => Numbers::Unsigned,
            (None, Old::UINT_8 | Old::UINT_16 | Old::UINT_32 | Old::UINT_64) => Numbers::Unsigned,
            (Some(LogicalType::Float16), _) => Numbers::Half,
            _ => Numbers::Plain,
        };
        let is_number = matches!(numbers, Numbers::Half | Numbers::Decimal(_));
        match column.physical_type() {
            Type::INT96 => return Err("a time"),
            Type::FIXED_LEN_BYTE_ARRAY if !is_number => return Err("bytes"),
            Type::BYTE_ARRAY if column.max_rep_level() > 0 && !is_number => return Err("a list of strings"),
            _ => {}
        }
        let full_level = column.max_def_level();
        let list_level = match column.max_rep_level() {
            0 => None,
            // An element that can be null has a level of its own.
            1 => Some(full_level - i16::from(column.self_type().is_optional())),
            _ => return Err("lists of lists"),
        };
        Ok(Self { full_level, list_level, numbers })
    }

    pub(super) fn is_list(self) -> bool {
        self.list_level.is_some()
    }

    fn integer(self, value: i64, unsigned: u64) -> Cell<'static> {
        match self.numbers {
            Numbers::Unsigned => Cell::Integer(unsigned.into()),
            Numbers::Decimal(scale) => Cell::Float(decimal(value.into(), scale)),
            Numbers::Days => i32::try_from(value).map_or(Cell::Other("a date out of range"), Cell::Day),
            _ => Cell::Integer(value.into()),
        }
    }

    fn bytes(self, bytes: &[u8]) -> Cell<'static> {
        match (self.numbers, bytes) {
            (Numbers::Half, &[low, high]) => Cell::Float(f16::from_le_bytes([low, high]).to_f64()),
            (Numbers::Decimal(scale), bytes) if (1..=16).contains(&bytes.len()) => {
                let sign = if bytes[0] >= 0x80 { -1 } else { 0 };
                let whole = bytes.iter().fold(sign, |whole: i128, &byte| whole << 8 | i128::from(byte));
                Cell::Float(decimal(whole, scale))
            }
            _ => Cell::Other("bytes"),
        }
    }
}

fn decimal(whole: i128, scale: i32) -> f64 {
    whole as f64 / 10_f64.powi(scale)
}

/// Values of some rows of a column.
pub(super) enum Values {
    /// Strings, not yet checked to be text.
    Bytes(Vec<Option<ByteArray>>),
    /// Anything else.
    Cells(Vec<Cell<'static>>),
}

/// The values of up to `rows` rows.
pub(super) fn read(reader: &mut ColumnReader, layout: Layout, rows: usize) -> Result<Values, ParquetError> {
    let cells = match reader {
        ColumnReader::BoolColumnReader(reader) => cells(reader, layout, rows, Cell::Boolean),
        ColumnReader::Int32ColumnReader(reader) => cells(reader, layout, rows, |value| {
            layout.integer(value.into(), u64::from(value.cast_unsigned()))
        }),
        ColumnReader::Int64ColumnReader(reader) => {
            cells(reader, layout, rows, |value| layout.integer(value, value.cast_unsigned()))
        }
        ColumnReader::FloatColumnReader(reader) => {
            cells(reader, layout, rows, |value| Cell::Float(value.into()))
        }
        ColumnReader::DoubleColumnReader(reader) => cells(reader, layout, rows, Cell::Float),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            cells(reader, layout, rows, |value| layout.bytes(value.as_bytes()))
        }
        ColumnReader::ByteArrayColumnReader(reader) if layout.numbers != Numbers::Plain => {
            cells(reader, layout, rows, |value| layout.bytes(value.as_bytes()))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            let records = Records::read(reader, rows)?;
            return Ok(Values::Bytes(records.scalars(layout.full_level)));
        }
        ColumnReader::Int96ColumnReader(_) => unreachable!("layouts have no such type"),
    };
    cells.map(Values::Cells)
}

fn cells<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    layout: Layout,
    rows: usize,
    cell: impl Fn(T::T) -> Cell<'static>,
) -> Result<Vec<Cell<'static>>, ParquetError> {
    let records = Records::read(reader, rows)?;
    Ok(match layout.list_level {
        None => {
            let values = records.scalars(layout.full_level).into_iter();
            values.map(|value| value.map_or(Cell::Missing, &cell)).collect()
        }
        Some(level) => records.lists(level, layout.full_level, |value| match cell(value) {
            Cell::Boolean(truth) => f32::from(u8::from(truth)),
            Cell::Integer(whole) => whole as f32,
            Cell::Float(number) => number as f32,
            _ => f32::NAN,
        }),
    })
}

/// Values as they are stored, with the levels that say where nulls are and where lists begin.
struct Records<T> {
    rows: usize,
    values: Vec<T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

impl<T> Records<T> {
    fn read<D: DataType<T = T>>(reader: &mut ColumnReaderImpl<D>, rows: usize) -> Result<Self, ParquetError> {
        let mut read = Self { rows: 0, values: Vec::new(), definitions: Vec::new(), repetitions: Vec::new() };
        let (definitions, repetitions) = (Some(&mut read.definitions), Some(&mut read.repetitions));
        let (rows, _, _) = reader.read_records(rows, definitions, repetitions, &mut read.values)?;
        Ok(Self { rows, ..read })
    }

    /// A value or none for each row.
    fn scalars(self, full_level: i16) -> Vec<Option<T>> {
        let mut values = self.values.into_iter();
        if full_level == 0 {
            return values.map(Some).collect();
        }
        let value = |level: i16| if level == full_level { values.next() } else { None };
        self.definitions.into_iter().take(self.rows).map(value).collect()
    }

    /// A list or none for each row; lists have an element at `list_level`, which is there at `full_level`.
    fn lists(self, list_level: i16, full_level: i16, number: impl Fn(T) -> f32) -> Vec<Cell<'static>> {
        let mut values = self.values.into_iter();
        let mut lists: Vec<Cell<'static>> = Vec::with_capacity(self.rows);
        for (&definition, &repetition) in self.definitions.iter().zip(&self.repetitions) {
            if repetition == 0 {
                let missing = definition < list_level - 1;
                lists.push(if missing { Cell::Missing } else { Cell::Numbers(Vec::new()) });
            }
            let Some(Cell::Numbers(list)) = lists.last_mut() else { continue };
            if definition == full_level {
                list.extend(values.next().map(&number));
            } else if definition >= list_level {
                // Nothing inside a vector is as little a number as not-a-number is.
                list.push(f32::NAN);
            }
        }
        lists
    }
}

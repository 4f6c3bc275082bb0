//! An array of a foreign file: its shape, and its values as little-endian bytes.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::storage::MappedFile;
use half::{bf16, f16};

use super::error::ArrayError;

/// Types of elements that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F16,
    BF16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl Element {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
        }
    }
}

/// Bytes of a file that is mapped, or of a member that was unpacked.
pub(crate) enum Bytes {
    Mapped(Arc<MappedFile>, Range<usize>),
    Unpacked(Vec<u8>, Range<usize>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Mapped(map, range) => &map[range.clone()],
            Self::Unpacked(bytes, range) => &bytes[range.clone()],
        }
    }
}

/// A row-major array; `bytes` has exactly the length that shape and element ask for.
pub(crate) struct Array {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) element: Element,
    pub(crate) bytes: Bytes,
}

impl Array {
    /// Bytes that an array of this shape takes; `None` beyond the address space.
    pub(crate) fn size(shape: &[usize], element: Element) -> Option<usize> {
        shape.iter().try_fold(element.bytes(), |size, &count| size.checked_mul(count))
    }

    /// Rows; 1 for a single number.
    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Values of a row: 1 where the array has one dimension; `Err` with more than two.
    pub(crate) fn columns(&self) -> Result<usize, ArrayError> {
        match self.shape[..] {
            [] | [_] => Ok(1),
            [_, columns] => Ok(columns),
            _ => Err(self.wrong_shape("[rows] or [rows, columns]")),
        }
    }

    pub(crate) fn wrong_shape(&self, wanted: &'static str) -> ArrayError {
        ArrayError::Shape {
            file: self.file.clone(),
            array: self.name.clone(),
            found: self.shape.clone(),
            wanted,
        }
    }

    pub(crate) fn wrong_type(&self, wanted: &'static str) -> ArrayError {
        let found = self.element.name().to_owned();
        ArrayError::Element { file: self.file.clone(), array: self.name.clone(), found, wanted }
    }

    /// All bytes, for a hash.
    pub(crate) fn all_bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    fn values(&self, range: Range<usize>) -> &[u8] {
        let size = self.element.bytes();
        &self.bytes.get()[range.start * size..range.end * size]
    }

    /// Values `range`, rounded to `f32`; beyond its range they become infinite.
    pub(crate) fn floats(&self, range: Range<usize>) -> Vec<f32> {
        let bytes = self.values(range);
        match self.element {
            Element::F16 => decode(bytes, |value| f16::from_le_bytes(value).to_f32()),
            Element::BF16 => decode(bytes, |value| bf16::from_le_bytes(value).to_f32()),
            Element::F32 => decode(bytes, f32::from_le_bytes),
            Element::F64 => decode(bytes, |value| f64::from_le_bytes(value) as f32),
            _ => integers(self.element, bytes).into_iter().map(|value| value as f32).collect(),
        }
    }

    /// Values `range` of an integer array.
    pub(crate) fn integers(&self, range: Range<usize>) -> Vec<i64> {
        integers(self.element, self.values(range))
    }
}

fn integers(element: Element, bytes: &[u8]) -> Vec<i64> {
    match element {
        Element::I8 => decode(bytes, |value| i64::from(i8::from_le_bytes(value))),
        Element::U8 => decode(bytes, |value| i64::from(u8::from_le_bytes(value))),
        Element::I16 => decode(bytes, |value| i64::from(i16::from_le_bytes(value))),
        Element::U16 => decode(bytes, |value| i64::from(u16::from_le_bytes(value))),
        Element::I32 => decode(bytes, |value| i64::from(i32::from_le_bytes(value))),
        Element::U32 => decode(bytes, |value| i64::from(u32::from_le_bytes(value))),
        Element::I64 => decode(bytes, i64::from_le_bytes),
        // What is beyond is no label either way.
        Element::U64 => decode(bytes, |value| i64::try_from(u64::from_le_bytes(value)).unwrap_or(i64::MAX)),
        Element::F16 | Element::BF16 | Element::F32 | Element::F64 => {
            unreachable!("floats are refused when the arrays are gathered")
        }
    }
}

fn decode<const SIZE: usize, T>(bytes: &[u8], value: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    let (values, _) = bytes.as_chunks::<SIZE>();
    values.iter().map(|&bytes| value(bytes)).collect()
}

//! `NumPy`'s `.npy` format, versions 1 to 3, with plain little-endian numbers.
//!
//! Source: NEP 1, "A simple file format for `NumPy` arrays". The header is a Python dictionary, read by `py_literal`; the
//! crate `npyz`, which is built on it, multiplies a hostile shape until it overflows.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use py_literal::Value;

use super::array::{Array, Bytes, Element};
use super::error::ArrayError;
use crate::storage::map;

/// Longest header that `NumPy` itself reads (`numpy.lib.format`, `max_header_size`).
const LONGEST_HEADER: usize = 10_000;
/// Deepest nesting in a header; plain numbers need two levels, and the reader calls itself for each.
const DEEPEST_HEADER: usize = 16;

/// Shape, element and place of the values in an `.npy` file.
pub(super) struct Npy {
    pub(super) shape: Vec<usize>,
    pub(super) element: Element,
    pub(super) values: Range<usize>,
}

/// The array of an `.npy` file.
pub(crate) fn read_npy(path: &Path, name: &str) -> Result<Array, ArrayError> {
    let map = map(path)?;
    let npy = parse(&map, path, name)?;
    Ok(array(path, name, npy, |values| Bytes::Mapped(Arc::new(map), values)))
}

pub(super) fn array(path: &Path, name: &str, npy: Npy, bytes: impl FnOnce(Range<usize>) -> Bytes) -> Array {
    let Npy { shape, element, values } = npy;
    Array { file: path.to_owned(), name: name.to_owned(), shape, element, bytes: bytes(values) }
}

/// Reads the header of `bytes`, and checks that all the values it claims are there.
///
/// `member` names the array in errors: a file, or the member of an archive.
pub(super) fn parse(bytes: &[u8], file: &Path, member: &str) -> Result<Npy, ArrayError> {
    let not_npy = || ArrayError::NotNpy { file: file.to_owned(), member: member.to_owned() };
    let (header, start) = header(bytes).ok_or_else(not_npy)?;
    let header = Header::of(header).ok_or_else(not_npy)?;
    let element = element(&header.descr).ok_or_else(|| ArrayError::Element {
        file: file.to_owned(),
        array: member.to_owned(),
        found: header.descr.to_string().chars().take(40).collect(),
        // NumPy has no bf16, and saves an array of it as two bytes without a meaning.
        wanted: "little-endian f16, f32, f64 or a whole number of up to 8 bytes (of bf16 save `.astype(\"float32\")`)",
    })?;
    if header.fortran_order {
        return Err(ArrayError::FortranOrder { file: file.to_owned(), array: member.to_owned() });
    }
    let (shape, found) = (header.shape, bytes.len() - start);
    match Array::size(&shape, element) {
        Some(size) if size <= found => Ok(Npy { shape, element, values: start..start + size }),
        _ => {
            let (file, array) = (file.to_owned(), member.to_owned());
            Err(ArrayError::Size { file, array, shape, element: element.bytes(), found: found as u64 })
        }
    }
}

/// The header as text, and where the values begin.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let (&version, rest) = bytes.strip_prefix(b"\x93NUMPY")?.split_first()?;
    let rest = rest.get(1..)?; // the minor version
    let (length, start) = match version {
        1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), 10),
        2 | 3 => (usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?, 12),
        _ => return None,
    };
    if length > LONGEST_HEADER {
        return None;
    }
    let header = std::str::from_utf8(bytes.get(start..start + length)?).ok()?;
    Some((header, start + length))
}

/// What a header says.
struct Header {
    descr: Value,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn of(text: &str) -> Option<Self> {
        if text.matches(['(', '[', '{']).count() > DEEPEST_HEADER {
            return None;
        }
        let Ok(Value::Dict(entries)) = text.trim().parse() else { return None };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        for (key, value) in entries {
            match (key.as_string()?.as_str(), value) {
                ("descr", value) => descr = Some(value),
                ("fortran_order", Value::Boolean(order)) => fortran_order = Some(order),
                ("shape", Value::Tuple(counts)) => {
                    let count = |count: &Value| usize::try_from(count.as_integer()?).ok();
                    shape = Some(counts.iter().map(count).collect::<Option<_>>()?);
                }
                _ => {}
            }
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }
}

fn element(descr: &Value) -> Option<Element> {
    match descr.as_string()?.as_str() {
        "<f2" => Some(Element::F16),
        "<f4" => Some(Element::F32),
        "<f8" => Some(Element::F64),
        "|i1" => Some(Element::I8),
        "<i2" => Some(Element::I16),
        "<i4" => Some(Element::I32),
        "<i8" => Some(Element::I64),
        "|u1" | "|b1" => Some(Element::U8),
        "<u2" => Some(Element::U16),
        "<u4" => Some(Element::U32),
        "<u8" => Some(Element::U64),
        _ => None,
    }
}

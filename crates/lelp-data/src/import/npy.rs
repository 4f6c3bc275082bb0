//! The header of `NumPy`'s `.npy` format, versions 1 to 3.
//!
//! Source: NEP 1, "A simple file format for `NumPy` arrays". Only plain little-endian numbers are
//! understood, so the header needs no general parser of Python literals, and no hostile one can harm it.

use std::ops::Range;
use std::path::Path;

use super::array::{Array, Element};
use super::error::ImportError;

/// Longest header that `NumPy` itself reads (`numpy.lib.format`, `max_header_size`).
const LONGEST_HEADER: usize = 10_000;

/// Shape, element and place of the values in an `.npy` file.
pub(super) struct Npy {
    pub(super) shape: Vec<usize>,
    pub(super) element: Element,
    pub(super) values: Range<usize>,
}

/// Reads the header of `bytes`, and checks that all the values it claims are there.
///
/// `member` names the array in errors: a file, or the member of an archive.
pub(super) fn parse(bytes: &[u8], file: &Path, member: &str) -> Result<Npy, ImportError> {
    let not_npy = || ImportError::NotNpy { file: file.to_owned(), member: member.to_owned() };
    let (header, start) = header(bytes).ok_or_else(not_npy)?;
    let descr = value_of(header, "descr").ok_or_else(not_npy)?;
    let element = element(descr).ok_or_else(|| ImportError::Element {
        file: file.to_owned(),
        array: member.to_owned(),
        found: descr.chars().take_while(|&c| c != ',').take(40).collect(),
        wanted: "little-endian f16, f32, f64, i32 or i64",
    })?;
    let shape = shape(value_of(header, "shape").ok_or_else(not_npy)?).ok_or_else(not_npy)?;
    if value_of(header, "fortran_order").ok_or_else(not_npy)?.starts_with("True") {
        return Err(ImportError::FortranOrder { file: file.to_owned(), array: member.to_owned() });
    }
    let found = bytes.len() - start;
    match Array::size(&shape, element) {
        Some(size) if size <= found => Ok(Npy { shape, element, values: start..start + size }),
        _ => {
            let wanted =
                shape.iter().fold(element.bytes() as u128, |size, &n| size.saturating_mul(n as u128));
            let (file, array) = (file.to_owned(), member.to_owned());
            Err(ImportError::Size { file, array, shape, found: found as u64, wanted })
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

/// What follows `'key':` in a Python dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    Some(rest.trim_start())
}

fn element(descr: &str) -> Option<Element> {
    match descr.strip_prefix('\'')?.split_once('\'')?.0 {
        "<f2" => Some(Element::F16),
        "<f4" => Some(Element::F32),
        "<f8" => Some(Element::F64),
        "<i4" => Some(Element::I32),
        "<i8" => Some(Element::I64),
        _ => None,
    }
}

fn shape(tuple: &str) -> Option<Vec<usize>> {
    let (counts, _) = tuple.strip_prefix('(')?.split_once(')')?;
    counts
        .split(',')
        .map(str::trim)
        .filter(|count| !count.is_empty())
        .map(|count| count.parse().ok())
        .collect()
}

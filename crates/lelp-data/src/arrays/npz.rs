//! Arrays in `NumPy`'s archives.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::array::{Array, Bytes};
use super::error::ArrayError;
use super::npy;
use crate::storage::{MappedFile, map};

/// A compressed member may unpack to this many bytes, whatever its size ...
const ALWAYS_ALLOWED: u64 = 1 << 30;
/// ... or to this many times its size: embeddings hardly shrink at all.
const MOST_GROWTH: u64 = 100;

/// The arrays of an archive whose names are `wanted`; the others are passed over, unread.
pub(crate) fn read_npz(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Array>, ArrayError> {
    let map = Arc::new(map(path)?);
    let damaged = |source| ArrayError::Archive { file: path.to_owned(), source };
    let mut archive = ZipArchive::new(Cursor::new(&map[..])).map_err(damaged)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(damaged)?;
        let file_name = member.name().map_err(damaged)?.into_owned();
        let Some(name) = file_name.strip_suffix(".npy").filter(|name| wanted(name)) else { continue };
        let stored = member.compression() == CompressionMethod::Stored;
        let start = member.data_start();
        let (packed, unpacked, checksum) = (member.compressed_size(), member.size(), member.crc32());
        arrays.push(if stored {
            of_stored(path, &map, start.zip(Some(unpacked)), checksum, name)?
        } else {
            let bytes = unpack(path, &file_name, &mut member, packed, unpacked)?;
            let npy = npy::parse(&bytes, path, name)?;
            npy::array(path, name, npy, |values| Bytes::Unpacked(bytes, values))
        });
    }
    Ok(arrays)
}

/// A member that is stored as it is: its values stay in the map.
fn of_stored(
    path: &Path,
    map: &Arc<MappedFile>,
    place: Option<(u64, u64)>,
    checksum: u32,
    name: &str,
) -> Result<Array, ArrayError> {
    let not_npy = || ArrayError::NotNpy { file: path.to_owned(), member: name.to_owned() };
    let (start, length) = place.ok_or_else(not_npy)?;
    let start = usize::try_from(start).map_err(|_| not_npy())?;
    let rest = map.get(start..).ok_or_else(not_npy)?;
    // A claimed length beyond the end of the file is cut; the size of the array is checked against what is left.
    let member = &rest[..rest.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
    let npy = npy::parse(member, path, name)?;
    if crc32fast::hash(member) != checksum {
        return Err(ArrayError::Checksum { file: path.to_owned(), member: name.to_owned() });
    }
    let in_map = |values: Range<usize>| start + values.start..start + values.end;
    Ok(npy::array(path, name, npy, |values| Bytes::Mapped(Arc::clone(map), in_map(values))))
}

fn unpack(
    path: &Path,
    member: &str,
    reader: &mut impl Read,
    packed: u64,
    unpacked: u64,
) -> Result<Vec<u8>, ArrayError> {
    let limit = ALWAYS_ALLOWED.max(packed.saturating_mul(MOST_GROWTH));
    if unpacked > limit {
        let (file, member) = (path.to_owned(), member.to_owned());
        return Err(ArrayError::Bomb { file, member, packed, unpacked, limit });
    }
    let mut bytes = Vec::new();
    // One byte more than there is: the reader compares checksums when it comes to the end.
    reader.take(unpacked.saturating_add(1)).read_to_end(&mut bytes).map_err(|source| ArrayError::Unpack {
        file: path.to_owned(),
        member: member.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// Names of all arrays of an archive.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, ArrayError> {
    let map = map(path)?;
    let damaged = |source| ArrayError::Archive { file: path.to_owned(), source };
    let archive = ZipArchive::new(Cursor::new(&map[..])).map_err(damaged)?;
    let names = archive.file_names().filter_map(Result::ok);
    Ok(names.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect())
}

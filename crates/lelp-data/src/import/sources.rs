//! Finding the known arrays in `.npz`, `.npy` and `.safetensors` files.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::storage::{MappedFile, map};
use safetensors::{Dtype, SafeTensors};
use zip::{CompressionMethod, ZipArchive};

use super::array::{Array, Bytes, Element};
use super::error::ImportError;
use super::npy;

/// The arrays that are looked for.
pub(super) const NAMES: [&str; 6] = ["embeddings", "logits", "probabilities", "labels", "weight", "bias"];

/// A compressed member may unpack to this many bytes, whatever its size ...
const ALWAYS_ALLOWED: u64 = 1 << 30;
/// ... or to this many times its size: embeddings hardly shrink at all.
const MOST_GROWTH: u64 = 100;

/// The known arrays of all `paths`; others are passed over.
pub(super) fn arrays(paths: &[PathBuf]) -> Result<Vec<Array>, ImportError> {
    let mut arrays: Vec<Array> = Vec::new();
    for path in paths {
        for array in of_path(path)? {
            if let Some(first) = arrays.iter().find(|other| other.name == array.name) {
                let (first, second) = (first.file.clone(), array.file);
                return Err(ImportError::TwoArrays { array: array.name, first, second });
            }
            arrays.push(array);
        }
    }
    let found = || arrays.iter().map(|array| array.name).collect();
    let missing = |array| ImportError::MissingArray { array, files: paths.to_vec(), found: found() };
    let has = |name| arrays.iter().any(|array| array.name == name);
    if !has("embeddings") {
        return Err(missing("embeddings"));
    }
    if !has("logits") && !has("probabilities") {
        return Err(missing("logits"));
    }
    Ok(arrays)
}

fn of_path(path: &Path) -> Result<Vec<Array>, ImportError> {
    if path.is_dir() {
        let files = NAMES.iter().map(|name| path.join(format!("{name}.npy"))).filter(|file| file.is_file());
        return files.map(|file| of_npy(&file)).filter_map(Result::transpose).collect();
    }
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("npz") => of_npz(path),
        Some("npy") => Ok(of_npy(path)?.into_iter().collect()),
        Some("safetensors") => of_safetensors(path),
        _ => Err(ImportError::UnknownFormat { file: path.to_owned() }),
    }
}

fn known(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

/// The one array of an `.npy` file, named as the file.
fn of_npy(path: &Path) -> Result<Option<Array>, ImportError> {
    let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).and_then(known) else {
        return Ok(None);
    };
    let map = map(path)?;
    let npy = npy::parse(&map, path, name)?;
    Ok(Some(array(path, name, npy, |values| Bytes::Mapped(Arc::new(map), values))))
}

fn array(path: &Path, name: &'static str, npy: npy::Npy, bytes: impl FnOnce(Range<usize>) -> Bytes) -> Array {
    let npy::Npy { shape, element, values } = npy;
    Array { file: path.to_owned(), name, shape, element, bytes: bytes(values) }
}

fn of_npz(path: &Path) -> Result<Vec<Array>, ImportError> {
    let map = Arc::new(map(path)?);
    let damaged = |source| ImportError::Archive { file: path.to_owned(), source };
    let mut archive = ZipArchive::new(Cursor::new(&map[..])).map_err(damaged)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(damaged)?;
        let file_name = member.name().map_err(damaged)?.into_owned();
        let Some(name) = file_name.strip_suffix(".npy").and_then(known) else { continue };
        let stored = member.compression() == CompressionMethod::Stored;
        let start = member.data_start();
        let (packed, unpacked) = (member.compressed_size(), member.size());
        arrays.push(if stored {
            of_stored(path, &map, start.zip(Some(unpacked)), name)?
        } else {
            let bytes = unpack(path, &file_name, &mut member, packed, unpacked)?;
            let npy = npy::parse(&bytes, path, name)?;
            array(path, name, npy, |values| Bytes::Unpacked(bytes, values))
        });
    }
    Ok(arrays)
}

/// A member that is stored as it is: its values stay in the map.
fn of_stored(
    path: &Path,
    map: &Arc<MappedFile>,
    place: Option<(u64, u64)>,
    name: &'static str,
) -> Result<Array, ImportError> {
    let not_npy = || ImportError::NotNpy { file: path.to_owned(), member: name.to_owned() };
    let (start, length) = place.ok_or_else(not_npy)?;
    let start = usize::try_from(start).map_err(|_| not_npy())?;
    let rest = map.get(start..).ok_or_else(not_npy)?;
    // A claimed length beyond the end of the file is cut; the size of the array is checked against what is left.
    let member = &rest[..rest.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
    let npy = npy::parse(member, path, name)?;
    let in_map = |values: Range<usize>| start + values.start..start + values.end;
    Ok(array(path, name, npy, |values| Bytes::Mapped(Arc::clone(map), in_map(values))))
}

fn unpack(
    path: &Path,
    member: &str,
    reader: &mut impl Read,
    packed: u64,
    unpacked: u64,
) -> Result<Vec<u8>, ImportError> {
    let limit = ALWAYS_ALLOWED.max(packed.saturating_mul(MOST_GROWTH));
    if unpacked > limit {
        let (file, member) = (path.to_owned(), member.to_owned());
        return Err(ImportError::Bomb { file, member, packed, unpacked, limit });
    }
    let mut bytes = Vec::new();
    reader.take(unpacked).read_to_end(&mut bytes).map_err(|source| ImportError::Unpack {
        file: path.to_owned(),
        member: member.to_owned(),
        source,
    })?;
    Ok(bytes)
}

fn of_safetensors(path: &Path) -> Result<Vec<Array>, ImportError> {
    let map = Arc::new(map(path)?);
    let (header, metadata) = SafeTensors::read_metadata(&map)
        .map_err(|source| ImportError::Safetensors { file: path.to_owned(), source })?;
    let start = 8 + header; // the header's length comes first
    let mut arrays = Vec::new();
    for name in NAMES {
        let Some(info) = metadata.info(name) else { continue };
        let element = element(info.dtype).ok_or_else(|| ImportError::Element {
            file: path.to_owned(),
            array: name.to_owned(),
            found: info.dtype.to_string(),
            wanted: "f16, f32, f64, i32 or i64",
        })?;
        let bytes = Bytes::Mapped(Arc::clone(&map), start + info.data_offsets.0..start + info.data_offsets.1);
        arrays.push(Array { file: path.to_owned(), name, shape: info.shape.clone(), element, bytes });
    }
    Ok(arrays)
}

fn element(dtype: Dtype) -> Option<Element> {
    match dtype {
        Dtype::F16 => Some(Element::F16),
        Dtype::F32 => Some(Element::F32),
        Dtype::F64 => Some(Element::F64),
        Dtype::I32 => Some(Element::I32),
        Dtype::I64 => Some(Element::I64),
        _ => None,
    }
}

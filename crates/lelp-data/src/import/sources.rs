//! Finding the known arrays in `.npz`, `.npy` and `.safetensors` files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensors};

use super::error::ImportError;
use crate::arrays::{Array, ArrayError, Bytes, Element, names_of_npz, read_npy, read_npz};
use crate::storage::{FileError, map};

/// The arrays that are looked for.
pub(super) const NAMES: [&str; 6] = ["embeddings", "logits", "probabilities", "labels", "weight", "bias"];

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
    let has = |name| arrays.iter().any(|array| array.name == name);
    let outputs = has("logits") || has("probabilities");
    let missing = [("embeddings", has("embeddings")), ("logits", outputs)].into_iter().find(|(_, has)| !has);
    let Some((array, _)) = missing else { return Ok(arrays) };
    let found: Vec<Vec<String>> = paths.iter().map(|path| names(path)).collect::<Result<_, _>>()?;
    Err(ImportError::MissingArray { array, files: paths.to_vec(), found: found.concat() })
}

/// Names of all arrays of a path, known or not.
fn names(path: &Path) -> Result<Vec<String>, ImportError> {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if path.is_dir() {
        let read = |source| FileError::Read { path: path.to_owned(), source };
        let entries = fs::read_dir(path).map_err(read)?.filter_map(Result::ok).map(|entry| entry.path());
        let mut names: Vec<String> = entries
            .filter(|path| path.extension().is_some_and(|ending| ending == "npy"))
            .map(|path| stem(&path))
            .collect();
        names.sort_unstable();
        return Ok(names);
    }
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("npz") => Ok(names_of_npz(path)?),
        Some("safetensors") => {
            let mut names: Vec<String> = header(path, &map(path)?)?.1.tensors().into_keys().collect();
            names.sort_unstable();
            Ok(names)
        }
        _ => Ok(vec![stem(path)]),
    }
}

/// Length and content of the header of a safetensors file.
fn header(path: &Path, bytes: &[u8]) -> Result<(usize, Metadata), ImportError> {
    SafeTensors::read_metadata(bytes)
        .map_err(|source| ImportError::Safetensors { file: path.to_owned(), source })
}

fn of_path(path: &Path) -> Result<Vec<Array>, ImportError> {
    if path.is_dir() {
        let files = NAMES.iter().map(|name| (name, path.join(format!("{name}.npy"))));
        let present = files.filter(|(_, file)| file.is_file());
        return present.map(|(name, file)| Ok(read_npy(&file, name)?)).collect();
    }
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("npz") => Ok(read_npz(path, |name| NAMES.contains(&name))?),
        Some("npy") => match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(name) if NAMES.contains(&name) => Ok(vec![read_npy(path, name)?]),
            _ => Ok(Vec::new()),
        },
        Some("safetensors") => of_safetensors(path),
        _ => Err(ImportError::UnknownFormat { file: path.to_owned() }),
    }
}

fn of_safetensors(path: &Path) -> Result<Vec<Array>, ImportError> {
    let map = Arc::new(map(path)?);
    let (header, metadata) = header(path, &map)?;
    let start = 8 + header; // the header's length comes first
    let mut arrays = Vec::new();
    for name in NAMES {
        let Some(info) = metadata.info(name) else { continue };
        let element = element(info.dtype).ok_or_else(|| ArrayError::Element {
            file: path.to_owned(),
            array: name.to_owned(),
            found: info.dtype.to_string(),
            wanted: "f16, bf16, f32, f64 or a whole number of up to 8 bytes",
        })?;
        let bytes = Bytes::Mapped(Arc::clone(&map), start + info.data_offsets.0..start + info.data_offsets.1);
        arrays.push(Array {
            file: path.to_owned(),
            name: name.to_owned(),
            shape: info.shape.clone(),
            element,
            bytes,
        });
    }
    Ok(arrays)
}

fn element(dtype: Dtype) -> Option<Element> {
    match dtype {
        Dtype::F16 => Some(Element::F16),
        Dtype::BF16 => Some(Element::BF16),
        Dtype::F32 => Some(Element::F32),
        Dtype::F64 => Some(Element::F64),
        Dtype::I8 => Some(Element::I8),
        Dtype::I16 => Some(Element::I16),
        Dtype::I32 => Some(Element::I32),
        Dtype::I64 => Some(Element::I64),
        Dtype::U8 | Dtype::BOOL => Some(Element::U8),
        Dtype::U16 => Some(Element::U16),
        Dtype::U32 => Some(Element::U32),
        Dtype::U64 => Some(Element::U64),
        _ => None,
    }
}

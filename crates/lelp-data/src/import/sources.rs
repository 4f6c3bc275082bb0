//! Finding the known arrays in `.npz`, `.npy` and `.safetensors` files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use super::error::ImportError;
use crate::arrays::{Array, ArrayError, Bytes, Element, read_npy, read_npz};
use crate::storage::map;

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
    let found = || arrays.iter().map(|array| array.name.clone()).collect();
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
    let (header, metadata) = SafeTensors::read_metadata(&map)
        .map_err(|source| ImportError::Safetensors { file: path.to_owned(), source })?;
    let start = 8 + header; // the header's length comes first
    let mut arrays = Vec::new();
    for name in NAMES {
        let Some(info) = metadata.info(name) else { continue };
        let element = element(info.dtype).ok_or_else(|| ArrayError::Element {
            file: path.to_owned(),
            array: name.to_owned(),
            found: info.dtype.to_string(),
            wanted: "f16, f32, f64, i32 or i64",
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
        Dtype::F32 => Some(Element::F32),
        Dtype::F64 => Some(Element::F64),
        Dtype::I32 => Some(Element::I32),
        Dtype::I64 => Some(Element::I64),
        _ => None,
    }
}

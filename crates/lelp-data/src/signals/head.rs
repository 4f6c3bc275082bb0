//! `head.safetensors`: the teacher's classifier.

use std::path::Path;

use crate::storage;
use lelp::signals::Head;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::description::{SignalsDescription, head_path};
use super::error::SignalsFileError;
use super::tensors::TensorFile;

/// Reads the head, where there is one; a single row (a sigmoid teacher) is read as `[0; w]`.
pub(super) fn read(
    folder: &Path,
    description: &SignalsDescription,
) -> Result<Option<Head>, SignalsFileError> {
    let path = head_path(folder);
    if !path.is_file() {
        return Ok(None);
    }
    let file = TensorFile::open(&path)?;
    let one_row = description.classes == 2 && file.info("bias")?.shape == [1];
    let rows = if one_row { 1 } else { description.classes };
    let weight = file.values::<f32>("weight", Dtype::F32, &[rows, description.width])?;
    let bias = file.values::<f32>("bias", Dtype::F32, &[rows])?;
    Head::new(weight.get(&file), bias.get(&file), description.width)
        .map(Some)
        .map_err(|source| SignalsFileError::Values { file: path, source })
}

/// Writes the head, and gives the file's SHA-256.
pub(super) fn write(folder: &Path, head: &Head) -> Result<String, SignalsFileError> {
    let (weight, bias) = (bytemuck::cast_slice(head.weight()), bytemuck::cast_slice(head.bias()));
    let tensors = [
        ("weight", TensorView::new(Dtype::F32, vec![head.classes(), head.width()], weight)),
        ("bias", TensorView::new(Dtype::F32, vec![head.classes()], bias)),
    ]
    .map(|(name, view)| (name, view.expect("a checked head has the shape it says")));
    let bytes = safetensors::serialize(tensors, None).expect("two tensors with different names");
    storage::write(&head_path(folder), &bytes)?;
    Ok(storage::sha256(&bytes))
}

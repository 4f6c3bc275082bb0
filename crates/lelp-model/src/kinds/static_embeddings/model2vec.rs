//! Folders of `model2vec`: static embeddings that were made elsewhere.

use std::path::{Path, PathBuf};

use half::f16;
use lelp::{Classified, ErrorKind};
use lelp_data::storage::{self, FileError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserialize;
use thiserror::Error;

use crate::checkpoint::{JsonFileError, read_optional_json};
use crate::tokenizer::{TokenizerError, pieces_of};
use lelp_core::static_embeddings::Piece;

/// Pieces, and a vector for each, `[pieces, columns]`.
#[derive(Debug)]
pub struct Model2Vec {
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// Their vectors.
    pub vectors: Vec<f32>,
}

/// Why a folder of `model2vec` cannot be read.
#[derive(Debug, Error)]
pub enum Model2VecError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` is not what it should be.
    #[error(transparent)]
    Config(#[from] JsonFileError),
    /// The weights are no safetensors file.
    #[error("`{}` is not a sound safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is missing, or of a type that is not read.
    #[error("`{}` lacks a tensor `{tensor}` of {wanted}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Its name.
        tensor: &'static str,
        /// Type and rank.
        wanted: &'static str,
    },
    /// The tokenizer cannot be read.
    #[error("`{}` is no tokenizer", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TokenizerError,
    },
    /// A token without a vector.
    #[error("token {id} of `{}` has no vector: there are {rows}", folder.display())]
    Token {
        /// The folder.
        folder: PathBuf,
        /// Its id.
        id: u32,
        /// Vectors.
        rows: usize,
    },
}

impl Classified for Model2VecError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Config(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

/// `config.json`.
#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    model_type: Option<String>,
}

impl Model2Vec {
    /// The static embeddings in `folder`; none where its `config.json` tells of another model.
    ///
    /// # Errors
    /// [`Model2VecError`] names the file.
    pub fn find(folder: &Path) -> Result<Option<Self>, Model2VecError> {
        let config: Config = read_optional_json(&folder.join("config.json"))?.unwrap_or_default();
        if config.model_type.as_deref() != Some("model2vec") {
            return Ok(None);
        }
        let path = folder.join("tokenizer.json");
        let bytes = storage::map(&path)?;
        let tokenizer = crate::tokenizer::read(&bytes)
            .map_err(|source| Model2VecError::Tokenizer { path: path.clone(), source })?;
        let path = folder.join("model.safetensors");
        let file = storage::map(&path)?;
        let tensors = SafeTensors::deserialize(&file)
            .map_err(|source| Model2VecError::Safetensors { path: path.clone(), source })?;
        let missing = |tensor, wanted| Model2VecError::Tensor { path: path.clone(), tensor, wanted };
        let table = tensors.tensor("embeddings").ok().filter(|view| view.shape().len() == 2);
        let (width, values) = table
            .and_then(|view| Some((view.shape()[1], numbers(&view)?)))
            .filter(|(width, _)| *width > 0)
            .ok_or_else(|| missing("embeddings", "floats and rank 2"))?;
        let optional = |tensor, wanted| match tensors.tensor(tensor) {
            Ok(view) => numbers(&view).map(Some).ok_or_else(|| missing(tensor, wanted)),
            Err(_) => Ok(None),
        };
        let (weights, rows) =
            (optional("weights", "floats and rank 1")?, optional("mapping", "integers and rank 1")?);
        let (mut pieces, mut vectors) = (Vec::new(), Vec::new());
        for (id, piece) in pieces_of(&tokenizer) {
            let rows_of_table = values.len() / width;
            let place = id as usize;
            // The numbers were read as floats, which hold every row that there can be.
            #[allow(clippy::cast_sign_loss, reason = "a row is not below 0")]
            let row = rows.as_ref().map_or(Some(place), |rows| {
                rows.get(place).filter(|row| **row >= 0.0).map(|&row| row as usize)
            });
            let weight = weights.as_ref().map_or(Some(1.0), |weights| weights.get(place).copied());
            let (Some(row), Some(weight)) = (row.filter(|&row| row < rows_of_table), weight) else {
                return Err(Model2VecError::Token { folder: folder.to_owned(), id, rows: rows_of_table });
            };
            pieces.push(piece);
            vectors.extend(values[row * width..][..width].iter().map(|&value| (value * weight) as f32));
        }
        Ok(Some(Self { pieces, vectors }))
    }
}

/// The finite numbers of a tensor; none where there are others, or of another type.
fn numbers(view: &TensorView<'_>) -> Option<Vec<f64>> {
    let bytes = view.data();
    let numbers: Vec<f64> = match view.dtype() {
        Dtype::F64 => read(bytes, f64::from_le_bytes),
        Dtype::F32 => read(bytes, |bytes| f32::from_le_bytes(bytes).into()),
        Dtype::F16 => read(bytes, |bytes| f16::from_le_bytes(bytes).into()),
        Dtype::I8 => read(bytes, |bytes| i8::from_le_bytes(bytes).into()),
        Dtype::I32 => read(bytes, |bytes| i32::from_le_bytes(bytes).into()),
        Dtype::I64 => read(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
        _ => return None,
    };
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

fn read<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&bytes| number(bytes)).collect()
}

//! An n-gram student on disk: `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::f16;
use lelp::{Classified, ErrorKind};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use super::config::{NgramConfig, TablePrecision};
use super::feature_table::{FeatureTable, FeatureTableError, PrunedCodes, PrunedRows, Slice, copied};
use super::kept_rows::KeptRows;
use super::model::{NgramModel, NgramModelError};
use crate::layer::{Layer, LayerError};
use lelp_data::storage::{self, FileError, MappedFile};

/// File names inside the model's folder.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// Names of the tensors.
const TABLE: &str = "table";
const TABLE_SCALE: &str = "table.scale";
/// Of a pruned table the buckets that have a row, a bit each.
const TABLE_KEPT: &str = "table.kept";

/// The `config.json` of this kind of model.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
enum ConfigFile {
    Ngram(NgramConfig),
}

/// Why a model could not be loaded or saved; every variant names the file.
#[derive(Debug, Error)]
pub enum NgramFileError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `config.json` is not what it should be.
    #[error("`{}` does not describe an n-gram student", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The weights are not a safetensors file, or one that contradicts itself.
    #[error("`{}` is not a sound safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is missing or of another type or rank.
    #[error("`{}` lacks a tensor `{tensor}` of type {wanted:?} and rank {rank}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The type it should have.
        wanted: Dtype,
        /// The number of dimensions it should have.
        rank: usize,
    },
    /// The table does not hold together.
    #[error("the table in `{}` is unsound", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FeatureTableError,
    },
    /// A layer does not hold together.
    #[error("layer `{layer}` in `{}` is unsound", path.display())]
    Layer {
        /// The file.
        path: PathBuf,
        /// The layer's name.
        layer: &'static str,
        /// Why.
        source: LayerError,
    },
    /// Configuration and weights do not fit together.
    #[error("the model in `{}` is unsound", path.display())]
    Model {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: NgramModelError,
    },
}

impl Classified for NgramFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

impl NgramModel {
    /// Loads the model in `folder`. The table is mapped, not read: the time does not grow with its size.
    pub fn load(folder: &Path) -> Result<Self, NgramFileError> {
        let path = folder.join(CONFIG);
        let ConfigFile::Ngram(config) = serde_json::from_slice(&storage::map(&path)?)
            .map_err(|source| NgramFileError::Config { path, source })?;
        // Before any size below is derived from it.
        config.check().map_err(|source| unsound(folder, source.into()))?;
        let weights = Weights::open(folder.join(WEIGHTS))?;
        let table = weights.table(&config)?;
        let hidden = config.hidden.map(|_| weights.layer("hidden")).transpose()?;
        let output = weights.layer("output")?;
        Self::new(config, table, hidden, output).map_err(|source| unsound(folder, source))
    }

    /// Saves the model into `folder`, which is made where it is missing.
    pub fn save(&self, folder: &Path) -> Result<(), NgramFileError> {
        storage::create_folder(folder)?;
        let path = folder.join(WEIGHTS);
        let pruned = self.table().kept().map(|pruned| PrunedBytes::of(pruned, self.table().buckets()));
        let bytes = safetensors::serialize(self.tensors(pruned.as_ref()), None)
            .map_err(|source| NgramFileError::Safetensors { path: path.clone(), source })?;
        storage::write(&path, &bytes)?;
        let path = folder.join(CONFIG);
        let config = ConfigFile::Ngram(self.config().clone());
        Ok(storage::write(&path, &storage::pretty_json(&config))?)
    }

    fn tensors<'a>(&'a self, pruned: Option<&'a PrunedBytes<'a>>) -> Vec<(String, TensorView<'a>)> {
        let shape = [self.table().buckets(), self.table().width()];
        let mut tensors = Vec::new();
        if let Some(PrunedBytes { rows, dtype, codes, scales, kept }) = pruned {
            let columns = codes.len().checked_div(*rows).unwrap_or_default();
            tensors.push(view(TABLE, *dtype, &[*rows, columns], codes));
            tensors.push(view(TABLE_SCALE, Dtype::F16, &[*rows], scales));
            tensors.push(view(TABLE_KEPT, Dtype::U8, &[kept.len()], kept));
        }
        if let Some(values) = self.table().values() {
            tensors.push(view(TABLE, Dtype::F32, &shape, bytemuck::cast_slice(values)));
        }
        if let Some((codes, scales)) = self.table().codes() {
            tensors.push(view(TABLE, Dtype::I8, &shape, bytemuck::cast_slice(codes)));
            tensors.push(view(TABLE_SCALE, Dtype::F32, &shape[..1], bytemuck::cast_slice(scales)));
        }
        let hidden = self.hidden().map(|layer| ("hidden", layer));
        for (name, layer) in hidden.into_iter().chain([("output", self.output())]) {
            let shape = [layer.outputs(), layer.inputs()];
            let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
            tensors.push(view(&weight, Dtype::F32, &shape, bytemuck::cast_slice(layer.weight())));
            tensors.push(view(&bias, Dtype::F32, &shape[..1], bytemuck::cast_slice(layer.bias())));
        }
        tensors
    }
}

/// A pruned table as it is written.
struct PrunedBytes<'a> {
    rows: usize,
    dtype: Dtype,
    codes: &'a [u8],
    scales: Vec<u8>,
    kept: Vec<u8>,
}

impl<'a> PrunedBytes<'a> {
    fn of(PrunedRows { kept, codes, scales }: &'a PrunedRows, buckets: usize) -> Self {
        let (dtype, codes) = match codes {
            PrunedCodes::Int8(codes) => (Dtype::I8, bytemuck::cast_slice(codes.get())),
            PrunedCodes::Int4(codes) => (Dtype::U8, codes.get()),
        };
        let scales = scales.iter().flat_map(|&scale| f16::from_f32(scale).to_le_bytes()).collect();
        Self { rows: kept.rows(), dtype, codes, scales, kept: kept.to_bytes(buckets) }
    }
}

fn unsound(folder: &Path, source: NgramModelError) -> NgramFileError {
    NgramFileError::Model { path: folder.into(), source }
}

fn view<'a>(name: &str, dtype: Dtype, shape: &[usize], bytes: &'a [u8]) -> (String, TensorView<'a>) {
    let view = TensorView::new(dtype, shape.to_vec(), bytes).expect("the shape is that of the values");
    (name.to_owned(), view)
}

/// The mapped weights of a model.
struct Weights {
    path: PathBuf,
    file: Arc<MappedFile>,
}

impl Weights {
    fn open(path: PathBuf) -> Result<Self, NgramFileError> {
        let file = Arc::new(storage::map(&path)?);
        Ok(Self { path, file })
    }

    /// Shape and bytes of a tensor; `SafeTensors` has checked that they agree and lie inside the file.
    fn tensor(&self, name: &str, wanted: Dtype, rank: usize) -> Result<(Vec<usize>, &[u8]), NgramFileError> {
        let tensors = SafeTensors::deserialize(&self.file)
            .map_err(|source| NgramFileError::Safetensors { path: self.path.clone(), source })?;
        match tensors.tensor(name) {
            Ok(view) if view.dtype() == wanted && view.shape().len() == rank => {
                Ok((view.shape().to_vec(), view.data()))
            }
            _ => {
                let (path, tensor) = (self.path.clone(), name.to_owned());
                Err(NgramFileError::Tensor { path, tensor, wanted, rank })
            }
        }
    }

    fn table(&self, config: &NgramConfig) -> Result<FeatureTable, NgramFileError> {
        let dtype = match config.table {
            TablePrecision::F32 => Dtype::F32,
            TablePrecision::Int8 | TablePrecision::PrunedInt8 => Dtype::I8,
            TablePrecision::PrunedInt4 => Dtype::U8,
        };
        let (shape, bytes) = self.tensor(TABLE, dtype, 2)?;
        let start = bytes.as_ptr().addr() - self.file.as_ptr().addr();
        let range = start..start + bytes.len();
        let table = match config.table {
            TablePrecision::F32 => {
                FeatureTable::from_f32(shape[0], shape[1], Slice::mapped(&self.file, range))
            }
            TablePrecision::Int8 => {
                let scales = copied(self.tensor(TABLE_SCALE, Dtype::F32, 1)?.1);
                FeatureTable::from_int8(shape[0], shape[1], Slice::mapped(&self.file, range), scales)
            }
            TablePrecision::PrunedInt8 => {
                self.pruned(config, PrunedCodes::Int8(Slice::mapped(&self.file, range)))?
            }
            TablePrecision::PrunedInt4 => {
                self.pruned(config, PrunedCodes::Int4(Slice::mapped(&self.file, range)))?
            }
        };
        table.map_err(|source| NgramFileError::Table { path: self.path.clone(), source })
    }

    /// A pruned table: its codes, and the rows that they belong to.
    fn pruned(
        &self,
        config: &NgramConfig,
        codes: PrunedCodes,
    ) -> Result<Result<FeatureTable, FeatureTableError>, NgramFileError> {
        let scales: Vec<f16> = copied(self.tensor(TABLE_SCALE, Dtype::F16, 1)?.1);
        let scales = scales.into_iter().map(f16::to_f32).collect();
        let bytes = self.tensor(TABLE_KEPT, Dtype::U8, 1)?.1;
        let buckets = config.features.buckets;
        let Some(kept) = KeptRows::from_bytes(buckets, bytes) else {
            return Ok(Err(FeatureTableError::Kept { buckets, bytes: bytes.len() }));
        };
        Ok(FeatureTable::from_pruned(buckets, config.width, PrunedRows { kept, codes, scales }))
    }

    fn layer(&self, layer: &'static str) -> Result<Layer, NgramFileError> {
        let (shape, weight) = self.tensor(&format!("{layer}.weight"), Dtype::F32, 2)?;
        let (_, bias) = self.tensor(&format!("{layer}.bias"), Dtype::F32, 1)?;
        let (weight, bias) = (copied(weight), copied(bias));
        Layer::new(shape[1], weight, bias).map_err(|source| NgramFileError::Layer {
            path: self.path.clone(),
            layer,
            source,
        })
    }
}

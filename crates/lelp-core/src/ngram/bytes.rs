//! An n-gram student as bytes: `config.json` and `model.safetensors`.

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use super::config::{NgramConfig, TablePrecision};
use super::feature_table::{Bytes, FeatureTable, FeatureTableError, PrunedCodes, PrunedRows, Slice, copied};
use super::kept_rows::KeptRows;
use super::student::{NgramModelError, NgramStudent};
use crate::layer::{Layer, LayerError};

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

/// Why bytes are no n-gram student.
#[derive(Debug, Error)]
pub enum NgramBytesError {
    /// The configuration is not what it should be.
    #[error("this is no configuration of an n-gram student")]
    Config(#[source] serde_json::Error),
    /// The weights are no safetensors, or contradict themselves.
    #[error("the weights are no sound safetensors")]
    Safetensors(#[source] safetensors::SafeTensorError),
    /// A tensor is missing or of another type or rank.
    #[error("the weights lack a tensor `{tensor}` of type {wanted:?} and rank {rank}")]
    Tensor {
        /// The tensor's name.
        tensor: String,
        /// The type it should have.
        wanted: Dtype,
        /// The number of dimensions it should have.
        rank: usize,
    },
    /// The table does not hold together.
    #[error("the table is unsound")]
    Table(#[source] FeatureTableError),
    /// A layer does not hold together.
    #[error("layer `{layer}` is unsound")]
    Layer {
        /// The layer's name.
        layer: &'static str,
        /// Why.
        source: LayerError,
    },
    /// Configuration and weights do not fit together.
    #[error("configuration and weights do not fit together")]
    Model(#[source] NgramModelError),
}

impl NgramStudent {
    /// The student whose files are `config` and `weights`. The table stays where it is: the time does not grow with its size.
    ///
    /// # Errors
    /// [`NgramBytesError`] says which of the two is wrong.
    pub fn from_bytes(config: &[u8], weights: &Bytes) -> Result<Self, NgramBytesError> {
        let ConfigFile::Ngram(config) = serde_json::from_slice(config).map_err(NgramBytesError::Config)?;
        // Before any size below is derived from it.
        config.check().map_err(|source| NgramBytesError::Model(source.into()))?;
        let weights = Weights::open(weights)?;
        let table = weights.table(&config)?;
        let hidden = config.hidden.map(|_| weights.layer("hidden")).transpose()?;
        let output = weights.layer("output")?;
        Self::new(config, table, hidden, output).map_err(NgramBytesError::Model)
    }

    /// The bytes of `config.json`, in lines.
    #[must_use]
    pub fn config_bytes(&self) -> Vec<u8> {
        let config = ConfigFile::Ngram(self.config().clone());
        let mut bytes = serde_json::to_vec_pretty(&config).expect("numbers and names become JSON");
        bytes.push(b'\n');
        bytes
    }

    /// The bytes of `model.safetensors`.
    #[must_use]
    pub fn weight_bytes(&self) -> Vec<u8> {
        let pruned = self.table().kept().map(|pruned| PrunedBytes::of(pruned, self.table().buckets()));
        safetensors::serialize(self.tensors(pruned.as_ref()), None).expect("shapes are those of the values")
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

fn view<'a>(name: &str, dtype: Dtype, shape: &[usize], bytes: &'a [u8]) -> (String, TensorView<'a>) {
    let view = TensorView::new(dtype, shape.to_vec(), bytes).expect("the shape is that of the values");
    (name.to_owned(), view)
}

/// The weights of a model.
struct Weights<'a> {
    bytes: &'a Bytes,
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    fn open(bytes: &'a Bytes) -> Result<Self, NgramBytesError> {
        let tensors = SafeTensors::deserialize((**bytes).as_ref()).map_err(NgramBytesError::Safetensors)?;
        Ok(Self { bytes, tensors })
    }

    /// Shape and bytes of a tensor; `SafeTensors` has checked that they agree and lie inside the file.
    fn tensor(
        &self,
        name: &str,
        wanted: Dtype,
        rank: usize,
    ) -> Result<(Vec<usize>, &'a [u8]), NgramBytesError> {
        match self.tensors.tensor(name) {
            Ok(view) if view.dtype() == wanted && view.shape().len() == rank => {
                Ok((view.shape().to_vec(), view.data()))
            }
            _ => Err(NgramBytesError::Tensor { tensor: name.to_owned(), wanted, rank }),
        }
    }

    fn table(&self, config: &NgramConfig) -> Result<FeatureTable, NgramBytesError> {
        let dtype = match config.table {
            TablePrecision::F32 => Dtype::F32,
            TablePrecision::Int8 | TablePrecision::PrunedInt8 => Dtype::I8,
            TablePrecision::PrunedInt4 => Dtype::U8,
        };
        let (shape, bytes) = self.tensor(TABLE, dtype, 2)?;
        let start = bytes.as_ptr().addr() - (**self.bytes).as_ref().as_ptr().addr();
        let range = start..start + bytes.len();
        let table = match config.table {
            TablePrecision::F32 => {
                FeatureTable::from_f32(shape[0], shape[1], Slice::mapped(self.bytes, range))
            }
            TablePrecision::Int8 => {
                let scales = copied(self.tensor(TABLE_SCALE, Dtype::F32, 1)?.1);
                FeatureTable::from_int8(shape[0], shape[1], Slice::mapped(self.bytes, range), scales)
            }
            TablePrecision::PrunedInt8 => {
                self.pruned(config, PrunedCodes::Int8(Slice::mapped(self.bytes, range)))?
            }
            TablePrecision::PrunedInt4 => {
                self.pruned(config, PrunedCodes::Int4(Slice::mapped(self.bytes, range)))?
            }
        };
        table.map_err(NgramBytesError::Table)
    }

    /// A pruned table: its codes, and the rows that they belong to.
    fn pruned(
        &self,
        config: &NgramConfig,
        codes: PrunedCodes,
    ) -> Result<Result<FeatureTable, FeatureTableError>, NgramBytesError> {
        let scales: Vec<f16> = copied(self.tensor(TABLE_SCALE, Dtype::F16, 1)?.1);
        let scales = scales.into_iter().map(f16::to_f32).collect();
        let bytes = self.tensor(TABLE_KEPT, Dtype::U8, 1)?.1;
        let buckets = config.features.buckets;
        let Some(kept) = KeptRows::from_bytes(buckets, bytes) else {
            return Ok(Err(FeatureTableError::Kept { buckets, bytes: bytes.len() }));
        };
        Ok(FeatureTable::from_pruned(buckets, config.width, PrunedRows { kept, codes, scales }))
    }

    fn layer(&self, layer: &'static str) -> Result<Layer, NgramBytesError> {
        let (shape, weight) = self.tensor(&format!("{layer}.weight"), Dtype::F32, 2)?;
        let (_, bias) = self.tensor(&format!("{layer}.bias"), Dtype::F32, 1)?;
        let (weight, bias) = (copied(weight), copied(bias));
        Layer::new(shape[1], weight, bias).map_err(|source| NgramBytesError::Layer { layer, source })
    }
}

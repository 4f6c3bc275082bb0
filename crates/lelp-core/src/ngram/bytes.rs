//! An n-gram student as bytes: `config.json` and `model.safetensors`.

use std::ops::Range;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use super::config::{NgramConfig, TablePrecision};
use super::feature_table::{Bytes, FeatureTable, FeatureTableError, PrunedCodes, PrunedRows, Slice, copied};
use super::kept_rows::KeptRows;
use super::student::{NgramModelError, NgramStudent};
use crate::layer::{Layer, LayerError, OutputLayers};
use crate::static_embeddings::{StaticEmbeddings, StaticEmbeddingsError};

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
    /// Static embeddings do not hold together.
    #[error("the static embeddings are unsound")]
    Static(#[source] StaticEmbeddingsError),
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
        let precision = config.table.of_static_embeddings();
        let read_static = |_| StaticEmbeddings::read(&weights, precision);
        let static_embeddings = config.static_width.map(read_static).transpose()?;
        let layers = weights.layers(config.hidden.is_some())?;
        Self::new(config, table, static_embeddings, layers).map_err(NgramBytesError::Model)
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
        let pieces = self.static_embeddings().map(|embeddings| embeddings.vocabulary().to_bytes());
        let mut tensors = self.tensors(pruned.as_ref());
        if let Some((embeddings, pieces)) = self.static_embeddings().zip(pieces.as_ref()) {
            tensors.extend(embeddings.tensors(pieces));
        }
        safetensors::serialize(tensors, None).expect("shapes are those of the values")
    }

    fn tensors<'a>(&'a self, pruned: Option<&'a PrunedBytes<'a>>) -> Vec<(String, TensorView<'a>)> {
        let mut tensors = self.table().tensors(TABLE, TABLE_SCALE);
        if let Some(PrunedBytes { rows, dtype, codes, scales, kept }) = pruned {
            let columns = codes.len().checked_div(*rows).unwrap_or_default();
            tensors.push(view(TABLE, *dtype, &[*rows, columns], codes));
            tensors.push(view(TABLE_SCALE, Dtype::F16, &[*rows], scales));
            tensors.push(view(TABLE_KEPT, Dtype::U8, &[kept.len()], kept));
        }
        tensors.extend(self.layers().tensors());
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

pub(crate) fn view<'a>(
    name: &str,
    dtype: Dtype,
    shape: &[usize],
    bytes: &'a [u8],
) -> (String, TensorView<'a>) {
    let view = TensorView::new(dtype, shape.to_vec(), bytes).expect("the shape is that of the values");
    (name.to_owned(), view)
}

/// The weights of a model.
pub(crate) struct Weights<'a> {
    bytes: &'a Bytes,
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    pub(crate) fn open(bytes: &'a Bytes) -> Result<Self, NgramBytesError> {
        let tensors = SafeTensors::deserialize((**bytes).as_ref()).map_err(NgramBytesError::Safetensors)?;
        Ok(Self { bytes, tensors })
    }

    /// Shape and bytes of a tensor; `SafeTensors` has checked that they agree and lie inside the file.
    pub(crate) fn tensor(
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
        match config.table {
            TablePrecision::F32 => self.f32_table(TABLE),
            TablePrecision::Int8 => self.int8_table(TABLE, TABLE_SCALE),
            TablePrecision::PrunedInt8 => {
                let (_, range) = self.range(TABLE, Dtype::I8)?;
                self.pruned(config, PrunedCodes::Int8(Slice::mapped(self.bytes, range)))
            }
            TablePrecision::PrunedInt4 => {
                let (_, range) = self.range(TABLE, Dtype::U8)?;
                self.pruned(config, PrunedCodes::Int4(Slice::mapped(self.bytes, range)))
            }
        }
    }

    /// A table of 32 bits a value.
    pub(crate) fn f32_table(&self, name: &str) -> Result<FeatureTable, NgramBytesError> {
        let ([rows, width], range) = self.range(name, Dtype::F32)?;
        FeatureTable::from_f32(rows, width, Slice::mapped(self.bytes, range)).map_err(NgramBytesError::Table)
    }

    /// A table of 8 bits a value, with a scale for each row.
    pub(crate) fn int8_table(&self, name: &str, scale: &str) -> Result<FeatureTable, NgramBytesError> {
        let ([rows, width], range) = self.range(name, Dtype::I8)?;
        let scales = copied(self.tensor(scale, Dtype::F32, 1)?.1);
        FeatureTable::from_int8(rows, width, Slice::mapped(self.bytes, range), scales)
            .map_err(NgramBytesError::Table)
    }

    /// Shape of a table, and where its values are.
    fn range(&self, name: &str, dtype: Dtype) -> Result<([usize; 2], Range<usize>), NgramBytesError> {
        let (shape, bytes) = self.tensor(name, dtype, 2)?;
        let start = bytes.as_ptr().addr() - (**self.bytes).as_ref().as_ptr().addr();
        Ok(([shape[0], shape[1]], start..start + bytes.len()))
    }

    /// A pruned table: its codes, and the rows that they belong to.
    fn pruned(&self, config: &NgramConfig, codes: PrunedCodes) -> Result<FeatureTable, NgramBytesError> {
        let scales: Vec<f16> = copied(self.tensor(TABLE_SCALE, Dtype::F16, 1)?.1);
        let scales = scales.into_iter().map(f16::to_f32).collect();
        let bytes = self.tensor(TABLE_KEPT, Dtype::U8, 1)?.1;
        let buckets = config.features.buckets;
        let kept = KeptRows::from_bytes(buckets, bytes)
            .ok_or(FeatureTableError::Kept { buckets, bytes: bytes.len() })
            .map_err(NgramBytesError::Table)?;
        FeatureTable::from_pruned(buckets, config.width, PrunedRows { kept, codes, scales })
            .map_err(NgramBytesError::Table)
    }

    /// A hidden layer, where there is one, and the outputs.
    pub(crate) fn layers(&self, hidden: bool) -> Result<OutputLayers, NgramBytesError> {
        let hidden = hidden.then(|| self.layer("hidden")).transpose()?;
        Ok(OutputLayers { hidden, output: self.layer("output")? })
    }

    fn layer(&self, layer: &'static str) -> Result<Layer, NgramBytesError> {
        let (shape, weight) = self.tensor(&format!("{layer}.weight"), Dtype::F32, 2)?;
        let (_, bias) = self.tensor(&format!("{layer}.bias"), Dtype::F32, 1)?;
        let (weight, bias) = (copied(weight), copied(bias));
        Layer::new(shape[1], weight, bias).map_err(|source| NgramBytesError::Layer { layer, source })
    }
}

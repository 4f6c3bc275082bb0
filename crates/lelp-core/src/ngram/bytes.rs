//! An n-gram student as bytes: `config.json` and `model.safetensors`.

use half::f16;
use safetensors::tensor::{Dtype, TensorView};

use super::config::NgramConfig;
use super::error::NgramBytesError;
use super::feature_table::{Bytes, PrunedCodes, PrunedRows};
use super::student::NgramStudent;
use super::weights::{TABLE, TABLE_KEPT, TABLE_SCALE, Weights};
use crate::static_embeddings::StaticEmbeddings;
use crate::tensor_view::view;

/// The `config.json` of this kind of model.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
enum ConfigFile {
    Ngram(NgramConfig),
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

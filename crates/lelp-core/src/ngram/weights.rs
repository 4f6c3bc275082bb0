//! Tables and layers out of the bytes of `model.safetensors`.

use std::ops::Range;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors};

use super::config::{NgramConfig, TablePrecision};
use super::error::NgramBytesError;
use super::feature_table::{Bytes, FeatureTable, FeatureTableError, PrunedCodes, PrunedRows, Slice, copied};
use super::kept_rows::KeptRows;
use crate::layer::{Layer, OutputLayers};

/// Names of the tensors.
pub(super) const TABLE: &str = "table";
pub(super) const TABLE_SCALE: &str = "table.scale";
/// Of a pruned table the buckets that have a row, a bit each.
pub(super) const TABLE_KEPT: &str = "table.kept";

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

    pub(super) fn table(&self, config: &NgramConfig) -> Result<FeatureTable, NgramBytesError> {
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

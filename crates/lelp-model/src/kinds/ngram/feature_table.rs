//! The table of feature vectors: owned or mapped, `f32` or 8 bits.

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use super::config::TablePrecision;
use lelp::vector::{mean_of_quantized_rows, mean_of_rows};
use lelp_data::storage::MappedFile;

/// Feature vectors `[buckets, width]`.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    buckets: usize,
    width: usize,
    values: Values,
}

#[derive(Debug, Clone)]
enum Values {
    F32(Slice<f32>),
    /// `value = scale[row] * code`.
    Int8 {
        codes: Slice<i8>,
        scales: Vec<f32>,
    },
}

/// Values in memory of our own, or in a mapped file.
#[derive(Debug, Clone)]
pub(super) enum Slice<T> {
    Owned(Vec<T>),
    /// The range is in bytes, aligned for `T`, and inside the map: checked when it was made.
    Mapped(Arc<MappedFile>, Range<usize>),
}

/// The table's sizes do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FeatureTableError {
    /// Values and shape do not fit.
    #[error("a table of {buckets} buckets and width {width} holds {values} values, not buckets x width")]
    Shape {
        /// Rows.
        buckets: usize,
        /// Columns.
        width: usize,
        /// Values given.
        values: usize,
    },
    /// Scales and rows do not fit.
    #[error("a table of {buckets} buckets has {scales} scales: it needs one for each bucket")]
    Scales {
        /// Rows.
        buckets: usize,
        /// Scales given.
        scales: usize,
    },
}

impl<T: bytemuck::Pod> Slice<T> {
    /// Values in `range` (bytes) of `file`, mapped where they are aligned, else copied.
    pub(super) fn mapped(file: &Arc<MappedFile>, range: Range<usize>) -> Self {
        match bytemuck::try_cast_slice::<u8, T>(&file[range.clone()]) {
            Ok(_) => Self::Mapped(Arc::clone(file), range),
            Err(_) => Self::Owned(copied(&file[range])),
        }
    }

    fn get(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Mapped(file, range) => bytemuck::cast_slice(&file[range.clone()]),
        }
    }
}

impl FeatureTable {
    /// A table of `f32` values `[buckets, width]`.
    pub fn new(buckets: usize, width: usize, values: Vec<f32>) -> Result<Self, FeatureTableError> {
        Self::from_f32(buckets, width, Slice::Owned(values))
    }

    pub(super) fn from_f32(
        buckets: usize,
        width: usize,
        values: Slice<f32>,
    ) -> Result<Self, FeatureTableError> {
        shape(buckets, width, values.get().len())?;
        Ok(Self { buckets, width, values: Values::F32(values) })
    }

    pub(super) fn from_int8(
        buckets: usize,
        width: usize,
        codes: Slice<i8>,
        scales: Vec<f32>,
    ) -> Result<Self, FeatureTableError> {
        shape(buckets, width, codes.get().len())?;
        if scales.len() != buckets {
            return Err(FeatureTableError::Scales { buckets, scales: scales.len() });
        }
        Ok(Self { buckets, width, values: Values::Int8 { codes, scales } })
    }

    /// Rows.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// How the values are stored.
    #[must_use]
    pub fn precision(&self) -> TablePrecision {
        match self.values {
            Values::F32(_) => TablePrecision::F32,
            Values::Int8 { .. } => TablePrecision::Int8,
        }
    }

    /// Mean of the rows `ids`, repeats counted, into `mean` `[width]`; zero where there are none.
    pub fn mean(&self, ids: &[u32], mean: &mut [f32]) {
        match &self.values {
            Values::F32(values) => mean_of_rows(values.get(), ids, mean),
            Values::Int8 { codes, scales } => mean_of_quantized_rows(codes.get(), scales, ids, mean),
        }
    }

    /// The table in 8 bits: each row is scaled by its largest magnitude over 127 and rounded to the nearest.
    #[must_use]
    pub fn quantized(&self) -> Self {
        let Values::F32(values) = &self.values else { return self.clone() };
        let mut codes = Vec::with_capacity(self.buckets * self.width);
        let mut scales = Vec::with_capacity(self.buckets);
        for row in values.get().chunks_exact(self.width) {
            let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            codes.extend(row.iter().map(|value| (value * inverse).round() as i8));
            scales.push(scale);
        }
        Self { values: Values::Int8 { codes: Slice::Owned(codes), scales }, ..*self }
    }

    /// The values as `f32`, if they are stored so.
    pub(super) fn values(&self) -> Option<&[f32]> {
        match &self.values {
            Values::F32(values) => Some(values.get()),
            Values::Int8 { .. } => None,
        }
    }

    /// Codes and scales, if the values are stored so.
    pub(super) fn codes(&self) -> Option<(&[i8], &[f32])> {
        match &self.values {
            Values::F32(_) => None,
            Values::Int8 { codes, scales } => Some((codes.get(), scales)),
        }
    }
}

/// The values in `bytes`, which need not be aligned.
pub(super) fn copied<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

fn shape(buckets: usize, width: usize, values: usize) -> Result<(), FeatureTableError> {
    if buckets.checked_mul(width) == Some(values) {
        Ok(())
    } else {
        Err(FeatureTableError::Shape { buckets, width, values })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_err_by_half_a_step_at_most() {
        let values: Vec<f32> = (0..64 * 9).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0).collect();
        let table = FeatureTable::new(64, 9, values.clone()).unwrap();
        let quantized = table.quantized();
        let (mut exact, mut coarse) = ([0.0; 9], [0.0; 9]);
        for id in 0..64_u32 {
            table.mean(&[id], &mut exact);
            quantized.mean(&[id], &mut coarse);
            let largest = exact.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            for (a, b) in exact.iter().zip(&coarse) {
                assert!((a - b).abs() <= largest / 127.0 * 0.5 + 1e-6);
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let quantized = FeatureTable::new(16, 2, vec![0.0; 32]).unwrap().quantized();
        let mut mean = [1.0; 2];
        quantized.mean(&[3], &mut mean);
        assert_eq!(mean, [0.0; 2]);
    }
}

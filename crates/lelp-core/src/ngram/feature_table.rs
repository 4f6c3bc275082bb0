//! The table of feature vectors: owned or mapped, `f32` or 8 bits, or pruned, in 8 or 4 bits.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use safetensors::tensor::{Dtype, TensorView};
use thiserror::Error;

use super::config::TablePrecision;
use super::kept_rows::KeptRows;
use crate::tensor_view::view;
use crate::vector::{mean_of_nibble_rows, mean_of_quantized_rows, mean_of_rows};
use half::f16;

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
    Pruned(PrunedRows),
}

/// The rows that were kept of a table, with a scale each.
#[derive(Debug, Clone)]
pub(super) struct PrunedRows {
    pub(super) kept: KeptRows,
    pub(super) codes: PrunedCodes,
    pub(super) scales: Vec<f32>,
}

/// `value = scale[row] * code`.
#[derive(Debug, Clone)]
pub(super) enum PrunedCodes {
    Int8(Slice<i8>),
    /// Two values a byte, the first in the lower half, each in two's complement; a row takes whole bytes.
    Int4(Slice<u8>),
}

/// Bytes that values are read from where they are: of a mapped file, or of a buffer.
pub type Bytes = Arc<dyn ByteSource>;

/// What [`Bytes`] can be: whatever has the same bytes whenever it is asked.
pub trait ByteSource: AsRef<[u8]> + Debug + Send + Sync {}

impl<T: AsRef<[u8]> + Debug + Send + Sync> ByteSource for T {}

fn bytes(source: &Bytes) -> &[u8] {
    (**source).as_ref()
}

/// Values in memory of our own, or in bytes that are shared.
#[derive(Debug, Clone)]
pub(super) enum Slice<T> {
    Owned(Vec<T>),
    /// The range is in bytes, aligned for `T`, and inside the map: checked when it was made.
    Mapped(Bytes, Range<usize>),
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
    /// The rows that are kept are no list of buckets.
    #[error(
        "the rows that are kept of a table of {buckets} buckets are told by {bytes} bytes: a bit for each bucket is needed, and none beyond"
    )]
    Kept {
        /// Rows before the table was pruned.
        buckets: usize,
        /// Bytes given.
        bytes: usize,
    },
    /// Scales and rows do not fit.
    #[error("a table of {buckets} rows has {scales} scales: it needs one for each row")]
    Scales {
        /// Rows.
        buckets: usize,
        /// Scales given.
        scales: usize,
    },
}

impl<T: bytemuck::Pod> Slice<T> {
    /// Values in `range` (bytes) of `file`, mapped where they are aligned, else copied.
    pub(super) fn mapped(file: &Bytes, range: Range<usize>) -> Self {
        match bytemuck::try_cast_slice::<u8, T>(&bytes(file)[range.clone()]) {
            Ok(_) => Self::Mapped(Arc::clone(file), range),
            Err(_) => Self::Owned(copied(&bytes(file)[range])),
        }
    }

    pub(super) fn get(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Mapped(file, range) => bytemuck::cast_slice(&bytes(file)[range.clone()]),
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

    pub(super) fn from_pruned(
        buckets: usize,
        width: usize,
        pruned: PrunedRows,
    ) -> Result<Self, FeatureTableError> {
        let rows = pruned.kept.rows();
        let (values, needed) = match &pruned.codes {
            PrunedCodes::Int8(codes) => (codes.get().len(), rows.checked_mul(width)),
            PrunedCodes::Int4(codes) => (codes.get().len(), rows.checked_mul(width.div_ceil(2))),
        };
        if needed != Some(values) {
            return Err(FeatureTableError::Shape { buckets: rows, width, values });
        }
        if pruned.scales.len() != rows {
            return Err(FeatureTableError::Scales { buckets: rows, scales: pruned.scales.len() });
        }
        Ok(Self { buckets, width, values: Values::Pruned(pruned) })
    }

    /// Buckets that features are hashed into; of a pruned table most have no row.
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
            Values::Pruned(PrunedRows { codes: PrunedCodes::Int8(_), .. }) => TablePrecision::PrunedInt8,
            Values::Pruned(PrunedRows { codes: PrunedCodes::Int4(_), .. }) => TablePrecision::PrunedInt4,
        }
    }

    /// Mean of the rows of the buckets `ids`, repeats counted, into `mean` `[width]`; zero where there are none. All buckets
    /// that a pruned table has no row for have the same one; `ids` is used up.
    pub fn mean(&self, ids: &mut [u32], mean: &mut [f32]) {
        if let Some(PrunedRows { kept, .. }) = self.kept() {
            for id in ids.iter_mut() {
                *id = kept.row(*id);
            }
        }
        self.mean_of_stored(ids, mean);
    }

    /// Mean of rows as they are stored.
    fn mean_of_stored(&self, rows: &[u32], mean: &mut [f32]) {
        match &self.values {
            Values::F32(values) => mean_of_rows(values.get(), rows, mean),
            Values::Int8 { codes, scales }
            | Values::Pruned(PrunedRows { codes: PrunedCodes::Int8(codes), scales, .. }) => {
                mean_of_quantized_rows(codes.get(), scales, rows, mean);
            }
            Values::Pruned(PrunedRows { codes: PrunedCodes::Int4(codes), scales, .. }) => {
                mean_of_nibble_rows(codes.get(), scales, rows, mean);
            }
        }
    }

    /// Rows that there are values for: one a bucket, but in a pruned table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.kept().map_or(self.buckets, |pruned| pruned.kept.rows())
    }

    /// The row of every bucket of a pruned table; none where each bucket has its own.
    #[must_use]
    pub fn row_of_buckets(&self) -> Option<Vec<i64>> {
        let kept = &self.kept()?.kept;
        Some((0..self.buckets as u32).map(|bucket| i64::from(kept.row(bucket))).collect())
    }

    /// Writes the values in `f32`, as they answer, into `values` `[rows, width]`.
    ///
    /// # Panics
    /// If `values` is of another length.
    pub fn write_rows(&self, values: &mut [f32]) {
        assert_eq!(values.len(), self.rows() * self.width, "a value for every one of the table");
        // A row is the mean of itself alone.
        for (row, values) in (0..).zip(values.chunks_exact_mut(self.width)) {
            self.mean_of_stored(&[row], values);
        }
    }

    /// The values under `name`, and their scales under `scale` where they are in 8 bits; none of a pruned table.
    pub(crate) fn tensors(&self, name: &str, scale: &str) -> Vec<(String, TensorView<'_>)> {
        let shape = [self.buckets, self.width];
        match &self.values {
            Values::F32(values) => vec![view(name, Dtype::F32, &shape, bytemuck::cast_slice(values.get()))],
            Values::Int8 { codes, scales } => vec![
                view(name, Dtype::I8, &shape, bytemuck::cast_slice(codes.get())),
                view(scale, Dtype::F32, &shape[..1], bytemuck::cast_slice(scales)),
            ],
            Values::Pruned(_) => Vec::new(),
        }
    }

    /// Bytes of the values as they are stored.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.values {
            Values::F32(values) => size_of_val(values.get()),
            Values::Int8 { codes, scales } => codes.get().len() + size_of_val(scales.as_slice()),
            Values::Pruned(pruned) => {
                let row = self.precision().pruned_row_bytes(self.width);
                self.buckets.div_ceil(8) + row * pruned.kept.rows()
            }
        }
    }

    /// Of a table of `f32` values the rows of the buckets `kept`, in increasing order, and the row `others` `[width]` for all
    /// other buckets, each scaled and rounded to the nearest code; none for a table that is stored otherwise, and for a
    /// precision that is not that of a pruned table.
    #[must_use]
    pub fn pruned(&self, kept: &[u32], others: &[f32], precision: TablePrecision) -> Option<Self> {
        let Values::F32(values) = &self.values else { return None };
        let rows = kept.iter().map(|&bucket| &values.get()[bucket as usize * self.width..][..self.width]);
        let rows = std::iter::once(others).chain(rows);
        let (codes, scales) = match precision {
            TablePrecision::F32 | TablePrecision::Int8 => return None,
            TablePrecision::PrunedInt8 => {
                let (codes, scales): (Vec<Vec<i8>>, Vec<f32>) = rows.map(|row| codes(row, 127.0)).unzip();
                (PrunedCodes::Int8(Slice::Owned(codes.concat())), scales)
            }
            TablePrecision::PrunedInt4 => {
                let (codes, scales): (Vec<Vec<i8>>, Vec<f32>) = rows.map(|row| codes(row, 7.0)).unzip();
                let bytes = codes.iter().flat_map(|row| {
                    row.chunks(2).map(|pair| {
                        (pair[0] & 15).cast_unsigned() | (pair.get(1).unwrap_or(&0) << 4).cast_unsigned()
                    })
                });
                (PrunedCodes::Int4(Slice::Owned(bytes.collect())), scales)
            }
        };
        let pruned = PrunedRows { kept: KeptRows::new(self.buckets, kept), codes, scales };
        Some(Self { values: Values::Pruned(pruned), ..*self })
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
    #[must_use]
    pub fn values(&self) -> Option<&[f32]> {
        match &self.values {
            Values::F32(values) => Some(values.get()),
            Values::Int8 { .. } | Values::Pruned(_) => None,
        }
    }

    /// The rows that are kept, if the table is pruned.
    pub(super) fn kept(&self) -> Option<&PrunedRows> {
        match &self.values {
            Values::Pruned(pruned) => Some(pruned),
            Values::F32(_) | Values::Int8 { .. } => None,
        }
    }
}

/// A row as whole numbers up to `most` and their scale, a number of 16 bits: of some scales below that of the largest
/// magnitude the one with the smallest squared error, as a row's few large values may well be cut.
fn codes(row: &[f32], most: f32) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let code = |value: f32, scale: f32| {
        if scale > 0.0 { (value / scale).round().clamp(-most, most) } else { 0.0 }
    };
    let error =
        |scale: f32| -> f32 { row.iter().map(|&value| (value - scale * code(value, scale)).powi(2)).sum() };
    let scales = CUTS.map(|cut| f16::from_f32(cut * largest / most).to_f32());
    let scale = scales.into_iter().min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or_default();
    (row.iter().map(|&value| code(value, scale) as i8).collect(), scale)
}

/// Shares of the largest magnitude that the largest code may stand for.
const CUTS: [f32; 5] = [1.0, 0.9, 0.8, 0.7, 0.6];

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
            table.mean(&mut [id], &mut exact);
            quantized.mean(&mut [id], &mut coarse);
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
        quantized.mean(&mut [3], &mut mean);
        assert_eq!(mean, [0.0; 2]);
    }

    #[test]
    fn a_pruned_table_has_the_mean_of_its_rows_and_one_for_all_others() {
        for (precision, steps) in [(TablePrecision::PrunedInt8, 127.0), (TablePrecision::PrunedInt4, 7.0)] {
            for width in [1, 8, 9] {
                let values: Vec<f32> = (0..64 * width).map(|i| (i as f32 * 0.7).sin()).collect();
                let table = FeatureTable::new(64, width, values).unwrap();
                let mut others = vec![0.0; width];
                table.mean(&mut [5], &mut others);
                let pruned = table.pruned(&[3, 17, 40, 63], &others, precision).unwrap();
                assert_eq!((pruned.precision(), pruned.buckets()), (precision, 64));
                let (mut exact, mut coarse) = (vec![0.0; width], vec![0.0; width]);
                table.mean(&mut [63, 5, 3, 3, 5], &mut exact);
                pruned.mean(&mut [63, 5, 3, 3, 62], &mut coarse);
                for (a, b) in exact.iter().zip(&coarse) {
                    assert!((a - b).abs() <= 0.4 + 0.6 / steps, "{precision:?} {width}: {a} {b}");
                }
                let error: f32 = exact.iter().zip(&coarse).map(|(a, b)| (a - b).powi(2)).sum();
                assert!((error / width as f32).sqrt() <= 1.0 / steps, "{precision:?} {width}");
                assert_eq!(pruned.bytes(), 8 + 5 * precision.pruned_row_bytes(width));
            }
        }
        let table = FeatureTable::new(16, 2, vec![0.5; 32]).unwrap();
        assert!(table.pruned(&[1], &[0.0; 2], TablePrecision::Int8).is_none());
        assert!(table.quantized().pruned(&[1], &[0.0; 2], TablePrecision::PrunedInt8).is_none());
    }
}

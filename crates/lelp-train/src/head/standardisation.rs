//! Columns of mean 0 and variance 1, for the time of the training.

use lelp_method::Dense;
use lelp_model::layer::{Layer, LayerError};

use super::EmbeddingRows;

/// Mean and inverse deviation of each column of the training embeddings.
///
/// With `n` rows the variance is `sum (x-m)^2 / n`, accumulated in `f64`; a constant column is only centred.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardisation {
    mean: Vec<f32>,
    inverse: Vec<f32>,
}

impl Standardisation {
    /// Fits both on `inputs`.
    #[must_use]
    pub fn fit(inputs: &EmbeddingRows<'_>) -> Self {
        Self::of(inputs.width, &inputs.values)
    }

    /// Fits both on `values` `[rows, width]`.
    pub(crate) fn of(width: usize, values: &[f32]) -> Self {
        let chunk = width.max(1);
        let rows = (values.len() / chunk).max(1) as f64;
        let mut mean = vec![0.0_f64; width];
        let mut variance = vec![0.0_f64; width];
        for row in values.chunks_exact(chunk) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) / rows);
        }
        for row in values.chunks_exact(chunk) {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(*value) - mean).powi(2) / rows;
            }
        }
        let deviation = |(variance, mean): (&f64, &f64)| {
            let deviation = variance.sqrt();
            // Below this the deviation is rounding of the column itself.
            if deviation > 1e-6 * mean.abs() { 1.0 / deviation as f32 } else { 1.0 }
        };
        let inverse = variance.iter().zip(&mean).map(deviation).collect();
        Self { mean: mean.iter().map(|&mean| mean as f32).collect(), inverse }
    }

    /// The same with `columns` more columns behind it that stay as they are.
    pub(crate) fn with_unchanged(&self, columns: usize) -> Self {
        let extended =
            |values: &[f32], with| values.iter().copied().chain(std::iter::repeat_n(with, columns)).collect();
        Self { mean: extended(&self.mean, 0.0), inverse: extended(&self.inverse, 1.0) }
    }

    pub(crate) fn apply(&self, row: &[f32], standardised: &mut [f32]) {
        let columns = self.mean.iter().zip(&self.inverse);
        for ((value, raw), (mean, inverse)) in standardised.iter_mut().zip(row).zip(columns) {
            *value = (raw - mean) * inverse;
        }
    }

    /// The layer on raw embeddings that equals `layer` on standardised ones.
    pub(crate) fn fold(&self, layer: &Dense) -> Result<Layer, LayerError> {
        let (weight, bias) = layer.weight_and_bias();
        let width = self.mean.len();
        let folded: Vec<f32> = weight
            .iter()
            .zip(self.inverse.iter().cycle())
            .map(|(weight, inverse)| weight * inverse)
            .collect();
        let shift = |row: &[f32]| -> f64 {
            row.iter().zip(&self.mean).map(|(weight, mean)| f64::from(*weight) * f64::from(*mean)).sum()
        };
        let bias = bias.iter().zip(folded.chunks_exact(width));
        let bias = bias.map(|(bias, row)| (f64::from(*bias) - shift(row)) as f32).collect();
        Layer::new(width, folded, bias)
    }
}

//! Scores that are linear in the embedding: one matrix product for all subclasses.

use crate::error::ShapeError;
use crate::linalg::product;
use crate::signals::Signals;

/// Scores `embeddings projection - offset`, column `c * per_class + s`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinearScores {
    pub(crate) width: usize,
    /// `[width, classes * per_class]`.
    pub(crate) projection: Vec<f32>,
    /// `[classes * per_class]`.
    pub(crate) offset: Vec<f32>,
}

/// One column of [`LinearScores`], before it is rounded: `(h - origin)^T direction - constant`.
pub(crate) struct ScoreColumn<'a> {
    pub(crate) direction: Vec<f64>,
    pub(crate) origin: &'a [f64],
    pub(crate) constant: f64,
}

impl LinearScores {
    /// Folds columns, in order, into one product.
    ///
    /// The offset is made with the rounded projection, so that a score at its origin is minus its
    /// constant also where the origin is large against the deviations.
    pub(crate) fn fold(width: usize, columns: &[ScoreColumn]) -> Self {
        let mut projection = vec![0.0_f32; width * columns.len()];
        let mut offset = Vec::with_capacity(columns.len());
        for (place, column) in columns.iter().enumerate() {
            let rounded = column.direction.iter().map(|&d| d as f32);
            let shift: f64 = column.origin.iter().zip(rounded.clone()).map(|(m, d)| m * f64::from(d)).sum();
            offset.push((shift + column.constant) as f32);
            let places = projection.iter_mut().skip(place).step_by(columns.len());
            places.zip(rounded).for_each(|(place, d)| *place = d);
        }
        Self { width, projection, offset }
    }

    pub(crate) fn outputs(&self) -> usize {
        self.offset.len()
    }

    pub(crate) fn check(&self, signals: &Signals) -> Result<(), ShapeError> {
        ShapeError::check("width of the signals", signals.width(), self.width)
    }

    /// Writes the scores of the rows from `first` on into `rows`, `[n, outputs]`.
    pub(crate) fn write(&self, signals: &Signals, first: usize, rows: &mut [f32]) {
        let embeddings = signals.embedding_rows(first..first + rows.len() / self.outputs());
        product(&embeddings, &self.projection, self.width, rows);
        for row in rows.chunks_exact_mut(self.outputs()) {
            // A finite embedding of absurd size can overflow the product: it is far out, not nowhere.
            row.iter_mut().zip(&self.offset).for_each(|(u, offset)| *u = finite(*u - offset));
        }
    }
}

/// `value`, or the largest number of its sign where it overflowed; 0 for opposite infinities.
fn finite(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(f32::MIN, f32::MAX) }
}

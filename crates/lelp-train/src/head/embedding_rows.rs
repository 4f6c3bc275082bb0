//! Embeddings in memory, the inputs of a head.

use std::borrow::Cow;

use lelp_method::TeacherEmbeddings;
use thiserror::Error;

/// Embeddings `[rows, width]`, the inputs of a head.
#[derive(Debug, Clone)]
pub struct EmbeddingRows<'a> {
    pub(super) width: usize,
    pub(super) values: Cow<'a, [f32]>,
}

/// Why embeddings or a head cannot be trained on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EmbeddingRowsError {
    /// Values that do not make whole rows.
    #[error("{values} values do not make rows of width {width}")]
    Shape {
        /// Columns.
        width: usize,
        /// Values given.
        values: usize,
    },
    /// A value that is not finite.
    #[error("row {row} of the embeddings holds a value that is not finite, in column {column}")]
    NotFinite {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// Fewer than two classes.
    #[error("{outputs} output(s): a head needs 2 or more")]
    Outputs {
        /// Outputs asked for.
        outputs: usize,
    },
    /// No row to learn from.
    #[error("there are no embeddings to learn from")]
    Empty,
}

impl<'a> EmbeddingRows<'a> {
    /// Checks the shape, and that every value is finite.
    pub fn new(width: usize, values: Cow<'a, [f32]>) -> Result<Self, EmbeddingRowsError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(EmbeddingRowsError::Shape { width, values: values.len() });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(EmbeddingRowsError::NotFinite { row: place / width, column: place % width });
        }
        Ok(Self { width, values })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// One embedding.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

impl TeacherEmbeddings for EmbeddingRows<'_> {
    fn rows(&self) -> usize {
        Self::rows(self)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn read(&self, row: usize, embedding: &mut [f32]) {
        embedding.copy_from_slice(self.row(row));
    }
}

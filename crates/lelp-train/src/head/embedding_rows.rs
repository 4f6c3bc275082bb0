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

/// Weights of a layer, at most: 4 GiB, and as much again for each of the optimiser's moments.
const LARGEST_LAYER: usize = 1 << 30;

/// Refuses sizes of layers that no memory is enough for.
pub(crate) fn check_layers(sizes: &[usize]) -> Result<(), EmbeddingRowsError> {
    let fits = |inputs: usize, outputs: usize| {
        inputs.checked_mul(outputs).is_some_and(|weights| weights <= LARGEST_LAYER)
    };
    match sizes.windows(2).find(|pair| !fits(pair[0], pair[1])) {
        Some(&[inputs, outputs]) => Err(EmbeddingRowsError::LayerSize { inputs, outputs }),
        _ => Ok(()),
    }
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
    /// A layer that no memory is enough for.
    #[error(
        "a layer of {inputs} inputs and {outputs} outputs is too large; lower the hidden units or the subclasses"
    )]
    LayerSize {
        /// Inputs of the layer.
        inputs: usize,
        /// Its outputs.
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

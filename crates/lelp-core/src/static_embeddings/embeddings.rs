//! A vector for each piece of words: a text's embedding is the mean of those of its pieces.

use safetensors::tensor::{Dtype, TensorView};
use thiserror::Error;

use super::vocabulary::{PieceVocabulary, PieceVocabularyError};
use crate::Text;
use crate::ngram::{FeatureTable, FeatureTableError, NgramBytesError, TablePrecision, Weights, view};

/// Names of the tensors: the vectors, their scales where they are in 8 bits, and the pieces, one a line.
const TABLE: &str = "static";
const SCALE: &str = "static.scale";
const PIECES: &str = "static.pieces";

/// Pieces, and a table `[pieces, width]` of their vectors.
#[derive(Debug, Clone)]
pub struct StaticEmbeddings {
    vocabulary: PieceVocabulary,
    table: FeatureTable,
}

/// Buffers, reused from text to text.
#[derive(Debug, Clone, Default)]
pub struct StaticScratch {
    word: String,
    rows: Vec<u32>,
}

/// Why pieces and vectors do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StaticEmbeddingsError {
    /// The pieces are no vocabulary.
    #[error(transparent)]
    Vocabulary(#[from] PieceVocabularyError),
    /// The table does not hold together.
    #[error(transparent)]
    Table(#[from] FeatureTableError),
    /// A table of another size.
    #[error("{pieces} pieces of width {width} are told, but their table is {rows} x {columns}")]
    Shape {
        /// Pieces told.
        pieces: usize,
        /// Width told.
        width: usize,
        /// Rows of the table.
        rows: usize,
        /// Columns of the table.
        columns: usize,
    },
}

impl StaticEmbeddings {
    /// The vectors `table` of the pieces of `vocabulary`.
    ///
    /// # Errors
    /// [`StaticEmbeddingsError::Shape`] if there is not one vector for each piece.
    pub fn new(vocabulary: PieceVocabulary, table: FeatureTable) -> Result<Self, StaticEmbeddingsError> {
        let (pieces, rows) = (vocabulary.len(), table.buckets());
        if pieces != rows {
            let width = table.width();
            return Err(StaticEmbeddingsError::Shape { pieces, width, rows, columns: width });
        }
        Ok(Self { vocabulary, table })
    }

    /// The pieces.
    #[must_use]
    pub fn vocabulary(&self) -> &PieceVocabulary {
        &self.vocabulary
    }

    /// Their vectors.
    #[must_use]
    pub fn table(&self) -> &FeatureTable {
        &self.table
    }

    /// Values of a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.table.width()
    }

    /// The same with vectors in 8 bits.
    #[must_use]
    pub fn quantized(&self) -> Self {
        let table = if self.table.precision() == TablePrecision::F32 {
            self.table.quantized()
        } else {
            self.table.clone()
        };
        Self { vocabulary: self.vocabulary.clone(), table }
    }

    /// Mean of the vectors of the pieces of `text`, of both texts of a pair, into `mean` `[width]`; 0 where there are none.
    pub fn embed(&self, text: &Text<'_>, max_tokens: usize, scratch: &mut StaticScratch, mean: &mut [f32]) {
        let StaticScratch { word, rows } = scratch;
        rows.clear();
        for text in [Some(text.text), text.pair].into_iter().flatten() {
            self.vocabulary.extract(text, max_tokens, word, rows);
        }
        self.table.mean(rows, mean);
    }

    /// The embeddings in a model's weights, in this precision.
    pub(crate) fn read(weights: &Weights<'_>, precision: TablePrecision) -> Result<Self, NgramBytesError> {
        let (_, pieces) = weights.tensor(PIECES, Dtype::U8, 1)?;
        let vocabulary =
            PieceVocabulary::from_bytes(pieces).map_err(|error| NgramBytesError::Static(error.into()))?;
        let table = match precision {
            TablePrecision::F32 => weights.f32_table(TABLE)?,
            _ => weights.int8_table(TABLE, SCALE)?,
        };
        Self::new(vocabulary, table).map_err(NgramBytesError::Static)
    }

    /// The tensors of these embeddings, `pieces` being [`PieceVocabulary::to_bytes`].
    pub(crate) fn tensors<'a>(&'a self, pieces: &'a [u8]) -> Vec<(String, TensorView<'a>)> {
        let table = self.table();
        let shape = [table.buckets(), table.width()];
        let mut tensors = vec![view(PIECES, Dtype::U8, &[pieces.len()], pieces)];
        if let Some(values) = table.values() {
            tensors.push(view(TABLE, Dtype::F32, &shape, bytemuck::cast_slice(values)));
        }
        if let Some((codes, scales)) = table.codes() {
            tensors.push(view(TABLE, Dtype::I8, &shape, bytemuck::cast_slice(codes)));
            tensors.push(view(SCALE, Dtype::F32, &shape[..1], bytemuck::cast_slice(scales)));
        }
        tensors
    }
}

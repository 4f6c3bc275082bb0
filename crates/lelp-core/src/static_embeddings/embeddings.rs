//! A vector for each piece of words: a text's embedding is the mean of those of its pieces.

use safetensors::tensor::{Dtype, TensorView};

use super::error::StaticEmbeddingsError;
use super::vocabulary::PieceVocabulary;
use crate::Text;
use crate::ngram::{FeatureTable, NgramBytesError, TablePrecision, Weights};
use crate::tensor_view::view;

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

impl StaticEmbeddings {
    /// The vectors `table` of the pieces of `vocabulary`.
    ///
    /// # Errors
    /// [`StaticEmbeddingsError::Rows`] if there is not one vector for each piece.
    pub fn new(vocabulary: PieceVocabulary, table: FeatureTable) -> Result<Self, StaticEmbeddingsError> {
        let (pieces, rows) = (vocabulary.len(), table.buckets());
        if pieces != rows {
            return Err(StaticEmbeddingsError::Rows { pieces, rows });
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
        Self { vocabulary: self.vocabulary.clone(), table: self.table.quantized() }
    }

    /// Mean of the vectors of the pieces of `text`, of both texts of a pair, into `mean` `[width]`; 0 where there are none.
    pub fn embed(&self, text: &Text<'_>, max_tokens: usize, scratch: &mut StaticScratch, mean: &mut [f32]) {
        let StaticScratch { word, rows } = scratch;
        rows.clear();
        self.vocabulary.extract(text, max_tokens, word, rows);
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
        let mut tensors = self.table.tensors(TABLE, SCALE);
        tensors.push(view(PIECES, Dtype::U8, &[pieces.len()], pieces));
        tensors
    }
}

//! Vectors of word pieces to begin with: those that an encoder gives each of them alone.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp::principal_components;
use lelp_data::{Dataset, SchemaError, Table, Text};
use lelp_method::Optimizer;
use lelp_model::encoder::{Encoder, EncoderLoadOptions};
use lelp_model::ngram::FeatureTable;
use lelp_model::static_embeddings::{Model2Vec, PieceVocabulary, StaticEmbeddings, StaticEmbeddingsError};

use super::error::PretrainedError;
use crate::students::Resources;
use crate::students::bags::{FeatureBags, TrainableTable};
use crate::students::ngram::error::NgramStudentError;
use crate::teachers::{FrozenEncoder, embed_cached};

/// Root mean square of the values of all vectors together.
const SCALE: f64 = 0.3;

/// Pieces, and the vectors `[pieces, width]` that they begin with.
#[derive(Debug)]
pub(in crate::students) struct PretrainedPieces {
    vocabulary: PieceVocabulary,
    vectors: Vec<f32>,
    pub(in crate::students) width: usize,
}

/// Values of a piece's vector.
#[derive(Debug, Clone, Copy)]
pub(in crate::students) enum StaticWidth {
    /// So many.
    Exactly(NonZeroUsize),
    /// So many, or as many as the encoder gives where that is fewer.
    UpTo(NonZeroUsize),
}

impl PretrainedPieces {
    /// The pieces of the encoder in `folder`, or else of the teacher, with vectors of this width.
    ///
    /// # Definition
    /// Each piece is embedded by the encoder as a text of its own. Of the vectors as many principal components are taken as they are to be wide, and
    /// the piece at place `r` of the vocabulary, from 1, which lists common words first, is weighed by `ln(1 + r)`. All are
    /// scaled together. A folder of `model2vec` gives its own vectors, weighed already.
    ///
    /// # Source
    /// Tulkens and van Dongen 2024 (`model2vec`).
    pub(in crate::students) fn obtain(
        folder: Option<&Path>,
        width: StaticWidth,
        resources: &Resources<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Self, PretrainedError> {
        let folder = folder.or(resources.teacher).ok_or(PretrainedError::NoEncoder)?;
        let found = Model2Vec::find(folder)?;
        let weighed = found.is_some();
        let (vocabulary, vectors) = if let Some(Model2Vec { pieces, vectors }) = found {
            (PieceVocabulary::new(pieces)?, vectors)
        } else {
            embed_pieces(folder, resources, cancelled)?
        };
        if vocabulary.is_empty() {
            return Err(PretrainedError::NoPieces(folder.to_owned()));
        }
        let columns = vectors.len() / vocabulary.len();
        let width = match width {
            StaticWidth::UpTo(most) => most.get().min(columns),
            StaticWidth::Exactly(width) if width.get() <= columns => width.get(),
            StaticWidth::Exactly(width) => {
                return Err(PretrainedError::Width { width, columns, folder: folder.to_owned() });
            }
        };
        let mut vectors = principal_components(vectors, columns, width)?;
        if !weighed {
            for (place, row) in vectors.chunks_exact_mut(width).enumerate() {
                let weight = (place as f32 + 2.0).ln();
                for value in row {
                    *value *= weight;
                }
            }
        }
        scale(&mut vectors);
        Ok(Self { vocabulary, vectors, width })
    }

    /// The pieces of each row's text.
    pub(in crate::students) fn bags(
        &self,
        data: &Dataset,
        max_tokens: usize,
    ) -> Result<FeatureBags, SchemaError> {
        let table = data.table();
        table.schema().require_text()?;
        Ok(FeatureBags::collect(table.rows(), |row, word: &mut String, pieces| {
            let text = table.text(row).expect("the table has a column of texts");
            self.vocabulary.extract(&text, max_tokens, word, pieces);
        }))
    }

    /// The vectors while they are tuned.
    pub(in crate::students) fn trainable(
        &self,
        optimizer: Optimizer,
    ) -> Result<TrainableTable, NgramStudentError> {
        TrainableTable::of_values(&self.vectors, self.width, optimizer)
            .map_err(NgramStudentError::memory(self.vectors.len()))
    }

    /// The pieces with the vectors `values`, which were tuned.
    pub(in crate::students) fn tuned(
        &self,
        values: &[f32],
    ) -> Result<StaticEmbeddings, StaticEmbeddingsError> {
        let table = FeatureTable::new(self.vocabulary.len(), self.width, values.to_vec())?;
        StaticEmbeddings::new(self.vocabulary.clone(), table)
    }
}

/// Pieces of the encoder's tokenizer, and what it makes of each as a text, `[pieces, columns]`.
fn embed_pieces(
    folder: &Path,
    resources: &Resources<'_>,
    cancelled: &AtomicBool,
) -> Result<(PieceVocabulary, Vec<f32>), PretrainedError> {
    let encoder = Encoder::load(folder, &EncoderLoadOptions::new(resources.threads))?;
    let pieces = encoder.pieces();
    if pieces.is_empty() {
        return Err(PretrainedError::NoPieces(folder.to_owned()));
    }
    let texts: Vec<Text<'_>> = pieces.iter().map(|piece| piece.text.as_str().into()).collect();
    let data = Dataset::unlabelled(Table::from_texts(&texts)?, folder)?;
    let own = FrozenEncoder { encoder: &encoder, folder };
    let vectors = embed_cached(resources.cache, own, &data, &mut |_| {}, cancelled)?;
    Ok((PieceVocabulary::new(pieces)?, vectors))
}

/// Scales the values to a root mean square of [`SCALE`].
fn scale(vectors: &mut [f32]) {
    let squares: f64 = vectors.iter().map(|&value| f64::from(value).powi(2)).sum();
    let factor = (SCALE / (squares / vectors.len() as f64).sqrt().max(f64::MIN_POSITIVE)) as f32;
    for value in vectors {
        *value *= factor;
    }
}

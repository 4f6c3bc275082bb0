//! Tokenised texts of a data set.

use std::num::NonZeroUsize;

use lelp_data::Text;
use lelp_model::PredictError;
use lelp_model::tokenizer::{TokenIds, Tokenizer};
use lelp_network::TokenBatch;

/// Tokenised texts of a data set.
#[derive(Debug)]
pub struct EncoderInputs {
    texts: Vec<TokenIds>,
}

impl EncoderInputs {
    /// Tokenises `texts`.
    pub fn new(
        tokenizer: &Tokenizer,
        texts: &[Text<'_>],
        threads: NonZeroUsize,
    ) -> Result<Self, PredictError> {
        Ok(Self { texts: tokenizer.encode(texts, threads)? })
    }

    /// Number of texts.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.texts.len()
    }

    /// Tokens of all texts.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.texts.iter().map(|text| text.ids.len()).sum()
    }

    /// Tokens of a text.
    pub(super) fn length(&self, row: usize) -> usize {
        self.texts[row].ids.len()
    }

    /// Tokens of every text.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.texts.iter().map(|text| text.ids.len()).collect()
    }

    /// The texts `rows`, of which `together` go through the network at once; all of them where it is none.
    pub(super) fn batch(
        &self,
        rows: impl Iterator<Item = usize>,
        together: Option<NonZeroUsize>,
    ) -> TokenBatch {
        let texts: Vec<&TokenIds> = rows.map(|row| &self.texts[row]).collect();
        TokenBatch::new(&texts, together.map_or(texts.len().max(1), NonZeroUsize::get))
    }
}

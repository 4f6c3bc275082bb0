//! Tokenised texts, one after the other.

use std::sync::Arc;

use lelp_model::tokenizer::TokenIds;

use super::cpu::attention::Spans;

/// The texts of a step. Nothing is padded: tokens of all texts stand in one row.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// Ids that occur, in increasing order: the rows of the token table that the step reads and moves.
    pub(super) unique: Vec<u32>,
    parts: Vec<Part>,
}

/// The texts that go through the network together.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Place of every token's id among the unique ones.
    pub(super) places: Vec<u32>,
    /// Token type of every token.
    pub(super) types: Vec<u32>,
    /// Place of every token in its text.
    pub(super) positions: Vec<u32>,
    /// The row of each text's first token.
    pub(super) firsts: Vec<u32>,
    /// Attention of every token.
    pub(super) all: Arc<Spans>,
    /// Attention of first tokens alone.
    pub(super) first: Arc<Spans>,
}

impl TokenBatch {
    /// Texts that go through the network at most `together` at a time; none may be empty.
    #[must_use]
    pub fn new(texts: &[&TokenIds], together: usize) -> Self {
        let mut unique: Vec<u32> = texts.iter().flat_map(|text| text.ids.iter().copied()).collect();
        unique.sort_unstable();
        unique.dedup();
        let parts = texts.chunks(together).map(|texts| Part::new(texts, &unique)).collect();
        Self { unique, parts }
    }

    /// The parts, in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl Part {
    fn new(texts: &[&TokenIds], unique: &[u32]) -> Self {
        let count = texts.iter().map(|text| text.ids.len()).sum();
        let (mut places, mut types) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut positions, mut firsts) = (Vec::with_capacity(count), Vec::with_capacity(texts.len()));
        let mut lengths = Vec::with_capacity(texts.len());
        for text in texts {
            firsts.push(places.len() as u32);
            let place = |id| unique.binary_search(id).expect("ids of all texts were gathered") as u32;
            places.extend(text.ids.iter().map(place));
            types.extend(&text.types);
            positions.extend(0..text.ids.len() as u32);
            lengths.push(text.ids.len());
        }
        let all = Arc::new(Spans { lengths: lengths.clone(), first_only: false });
        let first = Arc::new(Spans { lengths, first_only: true });
        Self { places, types, positions, firsts, all, first }
    }

    pub(super) fn rows(&self) -> usize {
        self.firsts.len()
    }

    /// Tokens of the longest text.
    pub(super) fn longest(&self) -> usize {
        self.all.lengths.iter().copied().max().unwrap_or(0)
    }
}

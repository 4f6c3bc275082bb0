//! Numbers of the features of a data set's rows, extracted once.

use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Rows of one block of extraction.
const BLOCK: usize = 512;

/// The features of every row, one row after the other: rows of a table of vectors, repeats included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureBags {
    /// Row `i` owns `features[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    features: Vec<u32>,
}

impl FeatureBags {
    /// The features that `extract` appends for each of `rows` rows, on the threads of the current pool; `S` are its buffers.
    pub(crate) fn collect<S: Default>(
        rows: usize,
        extract: impl Fn(usize, &mut S, &mut Vec<u32>) + Sync,
    ) -> Self {
        let blocks: Vec<(Vec<usize>, Vec<u32>)> = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let rows = block * BLOCK..rows.min((block + 1) * BLOCK);
                let (mut scratch, mut lengths) = (S::default(), Vec::with_capacity(rows.len()));
                let mut features = Vec::new();
                for row in rows {
                    let start = features.len();
                    extract(row, &mut scratch, &mut features);
                    lengths.push(features.len() - start);
                }
                (lengths, features)
            })
            .collect();
        let mut starts = Vec::with_capacity(rows + 1);
        let mut features = Vec::with_capacity(blocks.iter().map(|(_, features)| features.len()).sum());
        starts.push(0);
        for (lengths, block) in blocks {
            starts.extend(lengths.iter().scan(features.len(), |end, length| {
                *end += length;
                Some(*end)
            }));
            features.extend_from_slice(&block);
        }
        Self { starts, features }
    }

    /// Nothing, to be filled by [`FeatureBags::gather`].
    pub(super) fn empty() -> Self {
        Self { starts: vec![0], features: Vec::new() }
    }

    /// Becomes a copy of `rows` of `from`, in which each feature is dropped with probability `dropout`.
    pub(super) fn gather(&mut self, from: &Self, rows: &[u32], dropout: f32, random: &mut impl Rng) {
        self.starts.truncate(1);
        self.features.clear();
        for &row in rows {
            let features = from.row(row as usize);
            if dropout == 0.0 {
                self.features.extend_from_slice(features);
            } else {
                self.features.extend(features.iter().filter(|_| random.random::<f32>() >= dropout));
            }
            self.starts.push(self.features.len());
        }
    }

    /// The same rows with other features.
    pub(crate) fn mapped(&self, feature: impl Fn(u32) -> u32) -> Self {
        let features = self.features.iter().map(|&old| feature(old)).collect();
        Self { starts: self.starts.clone(), features }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Features of a row, repeats included.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u32] {
        &self.features[self.starts[row]..self.starts[row + 1]]
    }

    /// Features of all rows, one row after the other.
    #[must_use]
    pub fn features(&self) -> &[u32] {
        &self.features
    }
}

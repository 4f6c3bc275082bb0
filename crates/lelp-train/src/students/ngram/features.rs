//! Feature buckets of a data set, extracted once.

use lelp_data::{SchemaError, Table, Text};
use lelp_model::ngram::{FeatureScratch, FeatureSettings, RowFeatures};
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Rows of one block of extraction.
const BLOCK: usize = 512;

/// Feature buckets of every row, one row after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NgramInputs {
    /// Row `i` owns `buckets[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    buckets: Vec<u32>,
}

impl NgramInputs {
    /// Extracts the features of `texts`, on the threads of the current pool.
    #[must_use]
    pub fn extract(texts: &[Text<'_>], settings: &FeatureSettings) -> Self {
        Self::collect(texts.len(), |row, scratch, buckets| settings.extract(&texts[row], scratch, buckets))
    }

    /// Extracts the features of the rows of `table`, on the threads of the current pool.
    ///
    /// # Errors
    /// [`SchemaError`] for a column that `features` reads and `table` does not have.
    pub fn of_table(table: &Table, features: &RowFeatures) -> Result<Self, SchemaError> {
        let table = features.schema().fit(table)?;
        let table = table.as_ref();
        Ok(Self::collect(table.rows(), |row, scratch, buckets| {
            features.extract(table, row, scratch, buckets);
        }))
    }

    /// The features that `extract` appends for each of `rows` rows.
    fn collect(rows: usize, extract: impl Fn(usize, &mut FeatureScratch, &mut Vec<u32>) + Sync) -> Self {
        let blocks: Vec<(Vec<usize>, Vec<u32>)> = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let rows = block * BLOCK..rows.min((block + 1) * BLOCK);
                let (mut scratch, mut lengths) = (FeatureScratch::default(), Vec::with_capacity(rows.len()));
                let mut buckets = Vec::new();
                for row in rows {
                    let start = buckets.len();
                    extract(row, &mut scratch, &mut buckets);
                    lengths.push(buckets.len() - start);
                }
                (lengths, buckets)
            })
            .collect();
        let mut starts = Vec::with_capacity(rows + 1);
        let mut buckets = Vec::with_capacity(blocks.iter().map(|(_, buckets)| buckets.len()).sum());
        starts.push(0);
        for (lengths, block) in blocks {
            starts.extend(lengths.iter().scan(buckets.len(), |end, length| {
                *end += length;
                Some(*end)
            }));
            buckets.extend_from_slice(&block);
        }
        Self { starts, buckets }
    }

    /// Nothing, to be filled by [`NgramInputs::gather`].
    pub(super) fn empty() -> Self {
        Self { starts: vec![0], buckets: Vec::new() }
    }

    /// Becomes a copy of `rows` of `from`, in which each feature is dropped with probability `dropout`.
    pub(super) fn gather(&mut self, from: &Self, rows: &[u32], dropout: f32, random: &mut impl Rng) {
        self.starts.truncate(1);
        self.buckets.clear();
        for &row in rows {
            let buckets = from.row(row as usize);
            if dropout == 0.0 {
                self.buckets.extend_from_slice(buckets);
            } else {
                self.buckets.extend(buckets.iter().filter(|_| random.random::<f32>() >= dropout));
            }
            self.starts.push(self.buckets.len());
        }
    }

    /// The same rows with other buckets.
    pub(super) fn mapped(&self, bucket: impl Fn(u32) -> u32) -> Self {
        let buckets = self.buckets.iter().map(|&old| bucket(old)).collect();
        Self { starts: self.starts.clone(), buckets }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Feature buckets of a row, repeats included.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u32] {
        &self.buckets[self.starts[row]..self.starts[row + 1]]
    }

    /// Feature buckets of all rows, one row after the other.
    #[must_use]
    pub fn buckets(&self) -> &[u32] {
        &self.buckets
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_prediction_extracts() {
        let sentences: Vec<String> = (0..1100).map(|i| format!("word{} and word{}", i % 7, i / 3)).collect();
        let texts: Vec<Text<'_>> = sentences.iter().map(|text| text.as_str().into()).collect();
        let settings = FeatureSettings::default();
        let inputs = NgramInputs::extract(&texts, &settings);
        assert_eq!(inputs.rows(), 1100);
        for (row, text) in texts.iter().enumerate() {
            let mut alone = Vec::new();
            settings.extract(text, &mut FeatureScratch::default(), &mut alone);
            assert_eq!(inputs.row(row), alone);
        }
    }
}

//! The terms that a model knows.

use super::terms::TermCounts;

/// Terms by key, with their inverse document frequencies: `keys` `[terms]` strictly increasing, `idf` `[terms]`.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    pub(super) keys: Vec<u64>,
    pub(super) idf: Vec<f32>,
}

impl Vocabulary {
    /// The terms of `rows` texts, from the keys of all terms of each, each text's own keys once, in any order.
    ///
    /// The inverse document frequency of a term in `n` of the texts is `ln((1 + rows) / (1 + n)) + 1`.
    #[must_use]
    pub fn of_keys(mut all: Vec<u64>, rows: usize) -> Self {
        all.sort_unstable();
        let runs = all.chunk_by(|a, b| a == b);
        let idf = |texts: usize| (((1 + rows) as f64 / (1 + texts) as f64).ln() + 1.0) as f32;
        let (keys, idf) = runs.map(|run| (run[0], idf(run.len()))).unzip();
        Self { keys, idf }
    }

    /// The terms' keys, increasing.
    pub(crate) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// The terms' inverse document frequencies.
    pub(crate) fn idf(&self) -> &[f32] {
        &self.idf
    }

    /// Number of terms.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.keys.len()
    }

    /// Places of the known terms of a text, and their counts times idf, scaled to length 1.
    pub fn weigh(&self, counts: TermCounts<'_>, known: &mut Vec<(usize, f32)>) {
        known.clear();
        // Both lists are sorted: the search goes on behind the term before.
        let mut from = 0;
        for &(key, count) in counts {
            from += self.keys[from..].partition_point(|&known| known < key);
            if self.keys.get(from) == Some(&key) {
                known.push((from, count * self.idf[from]));
            }
        }
        let length = known.iter().map(|(_, value)| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        for (_, value) in known {
            *value = (f64::from(*value) / length) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use lelp_data::Text;

    use super::super::terms::TermScratch;
    use super::*;

    #[test]
    fn values_are_those_of_the_definition() {
        let texts = ["red shoes", "red hat", "red red"];
        let mut scratch = TermScratch::default();
        let mut keys = Vec::new();
        for text in texts {
            keys.extend(scratch.count(&Text::from(text)).iter().map(|(key, _)| *key));
        }
        let vocabulary = Vocabulary::of_keys(keys, texts.len());
        assert_eq!(vocabulary.terms(), 6, "three words and three pairs");
        let mut known = Vec::new();
        vocabulary.weigh(scratch.count(&Text::from("red red shoes new")), &mut known);
        // "red" twice, in all three texts; "shoes", "red red" and "red shoes" once, each in one of them.
        let (common, rare) = (2.0, 2.0_f64.ln() + 1.0);
        let length = (common * common + 3.0 * rare * rare).sqrt();
        let mut values: Vec<f64> = known.iter().map(|(_, value)| f64::from(*value)).collect();
        values.sort_by(f64::total_cmp);
        let expected = [rare, rare, rare, common].map(|value| value / length);
        assert_eq!(values.len(), 4);
        assert!(
            values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-6),
            "{values:?}"
        );
        vocabulary.weigh(scratch.count(&Text::from("unknown words")), &mut known);
        assert!(known.is_empty());
    }
}

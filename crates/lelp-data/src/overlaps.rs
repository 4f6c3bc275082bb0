//! Rows of one split that another has too: figures on them say nothing of new rows.

use std::collections::HashSet;
use std::fmt;

use crate::dataset::Dataset;
use crate::fingerprint::row_hash;
use crate::unlabelled::text_identity;

/// Rows of a split whose text, or all of whose values where there is no text, is in an earlier split; letters' case,
/// punctuation and space make no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitOverlap {
    /// The split.
    pub split: &'static str,
    /// The earlier one.
    pub earlier: &'static str,
    /// Rows that both have.
    pub rows: usize,
    /// Rows of the split.
    pub of: usize,
}

impl SplitOverlap {
    /// What part of the split it is.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.rows as f64 / self.of as f64
    }
}

impl fmt::Display for SplitOverlap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { split, earlier, rows, of } = self;
        write!(out, "{rows} of {of} {split} rows ({:.1} %) are {earlier} rows too", 100.0 * self.share())
    }
}

/// What splits have in common with those before them; none where they have nothing.
#[must_use]
pub fn split_overlaps(
    train: &Dataset,
    validation: Option<&Dataset>,
    test: Option<&Dataset>,
) -> Vec<SplitOverlap> {
    overlaps(&[("training", Some(train)), ("validation", validation), ("test", test)])
}

/// As [`split_overlaps`], of splits that are each called something.
#[must_use]
pub fn overlaps(splits: &[(&'static str, Option<&Dataset>)]) -> Vec<SplitOverlap> {
    let mut earlier: Vec<(&'static str, HashSet<u64>)> = Vec::new();
    let mut found = Vec::new();
    for &(split, data) in splits {
        let Some(data) = data else { continue };
        let rows = identities(data);
        for (other, known) in &earlier {
            let count = rows.iter().filter(|row| known.contains(row)).count();
            if count > 0 {
                found.push(SplitOverlap { split, earlier: other, rows: count, of: rows.len() });
            }
        }
        earlier.push((split, rows.into_iter().collect()));
    }
    found
}

/// A hash of each row that is the same for texts that read alike.
pub(crate) fn identities(data: &Dataset) -> Vec<u64> {
    let identity = |row| data.text(row).map_or_else(|| row_hash(data.table(), row), text_identity);
    (0..data.rows()).map(identity).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Table, Text};

    fn data(texts: &[&str]) -> Dataset {
        let texts: Vec<Text<'_>> = texts.iter().map(|&text| text.into()).collect();
        Dataset::unlabelled(Table::from_texts(&texts).unwrap(), Path::new("test")).unwrap()
    }

    #[test]
    fn each_row_is_counted_once_against_each_earlier_split() {
        let train = data(&["where is my card?", "a new pin", "a new pin"]);
        let validation = data(&["A new PIN", "refund"]);
        let test = data(&["a new pin!", "Where is  my card", "refund", "lost"]);
        let found = split_overlaps(&train, Some(&validation), Some(&test));
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "1 of 2 validation rows (50.0 %) are training rows too",
                "2 of 4 test rows (50.0 %) are training rows too",
                "2 of 4 test rows (50.0 %) are validation rows too"
            ]
        );
        assert_eq!(split_overlaps(&train, None, Some(&data(&["lost"]))), []);
    }
}

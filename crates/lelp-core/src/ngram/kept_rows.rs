//! Which buckets of a pruned table still have a row of their own.

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// A bit for each bucket, set where it has a row. Row 0 is that of all buckets that have none of their own; those that have
/// stand behind it in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptRows {
    words: Vec<u64>,
    /// Bits set before each word.
    before: Vec<u32>,
    rows: usize,
}

impl KeptRows {
    /// The buckets whose bits are set; bucket `b` is bit `b % 8` of byte `b / 8`. None where a bit beyond the last bucket is
    /// set, or there are fewer or more bytes than buckets ask for.
    pub(super) fn from_bytes(buckets: usize, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != buckets.div_ceil(8) {
            return None;
        }
        let word = |bytes: &[u8]| {
            bytes.iter().enumerate().fold(0, |word, (place, &byte)| word | u64::from(byte) << (8 * place))
        };
        let words: Vec<u64> = bytes.chunks(size_of::<u64>()).map(word).collect();
        let beyond = buckets % WORD;
        if beyond > 0 && words.last().is_some_and(|last| last >> beyond != 0) {
            return None;
        }
        let mut rows = 0;
        let counted = words.iter().map(|word| {
            let before = rows;
            rows += word.count_ones();
            before
        });
        let before = counted.collect();
        Some(Self { words, before, rows: rows as usize })
    }

    /// The bits as [`from_bytes`](Self::from_bytes) reads them.
    pub(super) fn to_bytes(&self, buckets: usize) -> Vec<u8> {
        let bytes = self.words.iter().flat_map(|word| word.to_le_bytes());
        bytes.take(buckets.div_ceil(8)).collect()
    }

    /// The buckets `kept`, all below `buckets`.
    pub(super) fn new(buckets: usize, kept: &[u32]) -> Self {
        let mut bytes = vec![0; buckets.div_ceil(8)];
        for &bucket in kept {
            bytes[bucket as usize / 8] |= 1 << (bucket % 8);
        }
        Self::from_bytes(buckets, &bytes).expect("the bytes are those of the buckets")
    }

    /// Rows, that of the other buckets among them.
    pub(super) fn rows(&self) -> usize {
        self.rows + 1
    }

    /// The row of a bucket.
    #[inline]
    pub(super) fn row(&self, bucket: u32) -> u32 {
        let (word, bit) = (bucket as usize / WORD, bucket as usize % WORD);
        if self.words[word] >> bit & 1 == 0 {
            return 0;
        }
        1 + self.before[word] + (self.words[word] & ((1 << bit) - 1)).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_buckets_have_rows_in_their_order_and_the_others_share_the_first() {
        for buckets in [16, 64, 1 << 10] {
            let kept: Vec<u32> = (0..buckets as u32).filter(|bucket| bucket * 7 % 5 < 2).collect();
            let rows = KeptRows::new(buckets, &kept);
            let found: Vec<u32> = (0..buckets as u32).map(|bucket| rows.row(bucket)).collect();
            let expected =
                |bucket: u32| kept.iter().position(|&kept| kept == bucket).map_or(0, |row| row as u32 + 1);
            assert_eq!(found, (0..buckets as u32).map(expected).collect::<Vec<_>>());
            assert_eq!(rows.rows(), kept.len() + 1);
            assert_eq!(KeptRows::from_bytes(buckets, &rows.to_bytes(buckets)), Some(rows));
        }
    }

    #[test]
    fn bits_that_are_no_buckets_are_refused() {
        assert_eq!(KeptRows::from_bytes(16, &[0; 3]), None);
        assert_eq!(KeptRows::from_bytes(16, &[0]), None);
        assert!(KeptRows::from_bytes(16, &[255; 2]).is_some());
    }
}

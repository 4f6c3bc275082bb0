//! How much a file may unpack to.

use std::path::Path;

use crate::error::DataError;

/// A file may unpack to this many bytes, whatever its size ...
pub(super) const ALWAYS_ALLOWED: u64 = 1 << 30;
/// ... or to this many times its size: no real text is packed as tightly.
pub(super) const MOST_GROWTH: u64 = 1000;

/// Bytes that the values have taken, and may take.
pub(super) struct Budget {
    used: u64,
    limit: u64,
    file_bytes: u64,
}

impl Budget {
    /// The budget of a file of `file_bytes`, of which any may unpack to `allowed` bytes.
    pub(super) fn new(file_bytes: u64, allowed: u64) -> Self {
        Self { used: 0, limit: allowed.max(file_bytes.saturating_mul(MOST_GROWTH)), file_bytes }
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Takes `bytes` for a value of `row`.
    pub(super) fn spend(&mut self, bytes: usize, row: u64, file: &Path) -> Result<(), DataError> {
        // A row costs its bookkeeping too, so that a run of empty texts is no way round the limit.
        self.used += (bytes + size_of::<String>()) as u64;
        self.check(0, row, file)
    }

    /// Whether `bytes` more are within the limit.
    pub(super) fn check(&self, bytes: u64, row: u64, file: &Path) -> Result<(), DataError> {
        if self.used.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        let (file_bytes, limit) = (self.file_bytes, self.limit);
        Err(DataError::TooLarge { file: file.to_owned(), row, file_bytes, limit })
    }
}

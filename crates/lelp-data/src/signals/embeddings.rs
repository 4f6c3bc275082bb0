//! Embeddings of a signals folder, read a row at a time.

use super::error::SignalsFileError;
use super::folder::SignalsFolder;
use super::part::Part;

/// All embeddings of a folder, mapped and not copied: the system keeps in memory what is read.
pub struct SignalsEmbeddings {
    /// In the order of their rows.
    parts: Vec<Part>,
    rows: usize,
    width: usize,
}

impl std::fmt::Debug for SignalsEmbeddings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SignalsEmbeddings [{}, {}]", self.rows, self.width)
    }
}

impl SignalsFolder {
    /// Maps all parts, and checks every value once, so that rows can be read at random.
    pub fn embeddings(&self) -> Result<SignalsEmbeddings, SignalsFileError> {
        let mut parts = Vec::new();
        for part in self.parts() {
            let part = part?;
            part.signals()?;
            parts.push(part);
        }
        let rows = usize::try_from(self.rows()).unwrap_or(usize::MAX);
        Ok(SignalsEmbeddings { parts, rows, width: self.description().width })
    }
}

impl SignalsEmbeddings {
    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Copies the embedding of `row` into `embedding` `[width]`.
    pub fn read(&self, row: usize, embedding: &mut [f32]) {
        let row = row as u64;
        let part = &self.parts[self.parts.partition_point(|part| part.rows().end <= row)];
        part.read((row - part.rows().start) as usize, embedding);
    }
}

//! The teacher's embeddings of a task's training rows.

use lelp_data::SignalsEmbeddings;
use lelp_method::TeacherEmbeddings;

/// Embeddings of the training file, of which some rows may be held out.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrainingEmbeddings<'a> {
    pub(super) stored: &'a SignalsEmbeddings,
    /// Places of the training rows in the file; none where it is taken whole.
    pub(super) rows: Option<&'a [usize]>,
}

impl TeacherEmbeddings for TrainingEmbeddings<'_> {
    fn rows(&self) -> usize {
        self.rows.map_or(self.stored.rows(), <[usize]>::len)
    }

    fn width(&self) -> usize {
        self.stored.width()
    }

    fn read(&self, row: usize, embedding: &mut [f32]) {
        self.stored.read(self.rows.map_or(row, |rows| rows[row]), embedding);
    }
}

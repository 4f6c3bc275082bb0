//! The embeddings of teacher and student, side by side.

use lelp::Search;

use super::supervision::{StudentShape, TeacherEmbeddings};

/// What a search tries of a term's weight, which depends on the scale of the embeddings.
pub(super) const AROUND_DEFAULT: Search = Search::AroundDefault { low: 0.01, high: 10.0 };

/// Embeddings of teacher and student, side by side.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddingPair<'a> {
    /// Classes of the student's outputs, which terms on embeddings leave as they are.
    pub classes: usize,
    /// Outputs of each class, likewise.
    pub subclasses: usize,
    /// The teacher's embeddings of all training rows.
    pub teacher: &'a dyn TeacherEmbeddings,
    /// The student.
    pub student: StudentShape,
}

impl EmbeddingPair<'_> {
    /// The student's outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.classes * self.subclasses
    }

    /// Reads the teacher's embeddings of `rows` into `embeddings`, `[rows, width]`.
    pub fn read(&self, rows: &[u32], embeddings: &mut Vec<f32>) {
        let width = self.teacher.width();
        embeddings.resize(rows.len() * width, 0.0);
        for (&row, embedding) in rows.iter().zip(embeddings.chunks_exact_mut(width)) {
            self.teacher.read(row as usize, embedding);
        }
    }
}

//! The teacher's embeddings of a batch.

use super::supervision::{StudentShape, TeacherEmbeddings};

/// Embeddings of teacher and student, side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    /// Classes of the student's outputs and outputs of a class, which methods of embeddings leave as they are.
    pub(super) shape: (usize, usize),
    /// The teacher's embeddings of all training rows.
    pub(super) teacher: &'a dyn TeacherEmbeddings,
    /// The student.
    pub(super) student: StudentShape,
}

impl Pair<'_> {
    /// Reads the teacher's embeddings of `rows` into `embeddings`, `[rows, width]`.
    pub(super) fn read(&self, rows: &[u32], embeddings: &mut Vec<f32>) {
        let width = self.teacher.width();
        embeddings.resize(rows.len() * width, 0.0);
        for (&row, embedding) in rows.iter().zip(embeddings.chunks_exact_mut(width)) {
            self.teacher.read(row as usize, embedding);
        }
    }
}

//! What a method learns from.

use serde::Serialize;

/// What a method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "a list of independent things that may be needed or not")]
pub struct Needs {
    /// Labels, on some rows at least.
    pub labels: bool,
    /// The teacher's logits.
    pub logits: bool,
    /// Soft labels over subclasses.
    pub targets: bool,
    /// Fine labels of the data, to make those of.
    pub fine_labels: bool,
    /// A teacher that has subclasses of its own, to make those of.
    pub teacher_subclasses: bool,
    /// The teacher's embeddings.
    pub teacher_embedding: bool,
    /// The student's embedding, the input of its last linear layer.
    pub student_embedding: bool,
    /// Which row of the training set each row of a batch is, always the same one.
    pub row_ids: bool,
    /// All rows of a batch together, rather than one by one.
    pub whole_batch: bool,
}

impl Needs {
    /// The teacher's logits alone.
    #[must_use]
    pub fn of_logits() -> Self {
        Self { logits: true, ..Self::default() }
    }

    /// Soft labels over subclasses alone.
    #[must_use]
    pub fn of_targets() -> Self {
        Self { targets: true, ..Self::default() }
    }

    /// Both embeddings of all rows of a batch.
    #[must_use]
    pub fn of_embeddings() -> Self {
        Self { teacher_embedding: true, student_embedding: true, whole_batch: true, ..Self::default() }
    }

    /// What either needs.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            labels: self.labels || other.labels,
            logits: self.logits || other.logits,
            targets: self.targets || other.targets,
            fine_labels: self.fine_labels || other.fine_labels,
            teacher_subclasses: self.teacher_subclasses || other.teacher_subclasses,
            teacher_embedding: self.teacher_embedding || other.teacher_embedding,
            student_embedding: self.student_embedding || other.student_embedding,
            row_ids: self.row_ids || other.row_ids,
            whole_batch: self.whole_batch || other.whole_batch,
        }
    }

    /// Whether anything of a teacher is needed.
    #[must_use]
    pub fn teacher(self) -> bool {
        self.logits || self.targets || self.teacher_embedding
    }

    /// What is needed, in words.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        let all = [
            (self.labels, "labels"),
            (self.logits, "teacher logits"),
            (self.targets, "targets"),
            (self.fine_labels, "fine labels"),
            (self.teacher_subclasses, "subclasses of the teacher"),
            (self.teacher_embedding, "teacher embeddings"),
            (self.student_embedding, "student embeddings"),
            (self.row_ids, "row ids"),
            (self.whole_batch, "whole batches"),
        ];
        all.into_iter().filter_map(|(needed, word)| needed.then_some(word)).collect()
    }
}

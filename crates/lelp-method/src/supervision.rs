//! What is known about the training rows, and about the student.

use std::fmt::Debug;

use serde::Serialize;

use super::error::MethodError;
use crate::Optimizer;

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
    /// What either needs.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            labels: self.labels || other.labels,
            logits: self.logits || other.logits,
            targets: self.targets || other.targets,
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
            (self.teacher_embedding, "teacher embeddings"),
            (self.student_embedding, "student embeddings"),
            (self.row_ids, "row ids"),
            (self.whole_batch, "whole batches"),
        ];
        all.into_iter().filter_map(|(needed, word)| needed.then_some(word)).collect()
    }
}

/// The teacher's embeddings of the training rows, read a row at a time: they may lie in a file.
pub trait TeacherEmbeddings: Debug + Send + Sync {
    /// Training rows.
    fn rows(&self) -> usize;

    /// Columns.
    fn width(&self) -> usize;

    /// Copies the embedding of training row `row`, all of it finite, into `embedding` `[width]`.
    fn read(&self, row: usize, embedding: &mut [f32]);
}

/// What is known about the training rows, borrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Supervision<'a> {
    /// Training rows.
    pub rows: usize,
    /// Classes.
    pub classes: usize,
    /// Labels `[rows]`, each below `classes`, or none for a row.
    pub labels: Option<&'a [Option<u32>]>,
    /// The teacher's logits `[rows, classes]`.
    pub logits: Option<&'a [f32]>,
    /// Soft labels over subclasses `[rows, classes * subclasses]`, made with the method's temperature.
    pub targets: Option<&'a [f32]>,
    /// The teacher's embeddings `[rows, teacher width]`.
    pub embeddings: Option<&'a dyn TeacherEmbeddings>,
}

impl Supervision<'_> {
    /// The label of a row.
    #[must_use]
    pub fn label(&self, row: usize) -> Option<usize> {
        self.labels.and_then(|labels| labels[row]).map(|label| label as usize)
    }

    /// Checks that there are as many labels as rows, each one a class; `needed_by` names the method that cannot do
    /// without any.
    pub(super) fn check_labels(&self, needed_by: Option<&'static str>) -> Result<(), MethodError> {
        let Self { rows, classes, labels, .. } = *self;
        let given = labels.map_or(rows, <[_]>::len);
        if given != rows {
            return Err(MethodError::Length { what: "labels", rows, columns: 1, wanted: rows, given });
        }
        let outside = |row: &usize| self.label(*row).is_some_and(|label| label >= classes);
        if let Some(row) = (0..rows).find(outside) {
            let label = labels.and_then(|labels| labels[row]).expect("a label outside the classes is one");
            return Err(MethodError::Label { row, label, classes });
        }
        match needed_by {
            Some(method) if (0..rows).all(|row| self.label(row).is_none()) => {
                Err(MethodError::Missing { method, what: "labels" })
            }
            _ => Ok(()),
        }
    }
}

/// The student that a method teaches, as far as the method's own variables depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentShape {
    /// Columns of its embedding, the input of its last linear layer.
    pub embedding: usize,
    /// How its parameters, and the method's variables with them, follow their gradients.
    pub optimizer: Optimizer,
    /// Seed of the variables and of whatever a method draws.
    pub seed: u64,
}

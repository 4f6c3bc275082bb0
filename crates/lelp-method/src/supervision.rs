//! What is known about the training rows, and about the student.

use std::fmt::Debug;

use super::error::MethodError;
use crate::Optimizer;

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
    /// What the loss of a row of each class weighs, `[classes]`; 1 where there is none. A row is of the class of its label,
    /// or else of its largest teacher logit.
    pub class_weights: Option<&'a [f64]>,
}

impl<'a> Supervision<'a> {
    /// The label of a row.
    #[must_use]
    pub fn label(&self, row: usize) -> Option<usize> {
        self.labels.and_then(|labels| labels[row]).map(|label| label as usize)
    }

    /// The weight of each row, where they do not all weigh the same.
    pub(super) fn row_weights(&self) -> Option<Vec<f64>> {
        let weights = self.class_weights?;
        let of_row = |row: usize| {
            let teacher =
                || self.logits.map(|logits| lelp::argmax(&logits[row * self.classes..][..self.classes]));
            self.label(row).or_else(teacher).map_or(1.0, |class| weights[class])
        };
        Some((0..self.rows).map(of_row).collect())
    }

    /// The teacher's logits `[rows, classes]`, all finite, for the method or term `needed_by`.
    ///
    /// # Errors
    /// [`MethodError::Missing`], [`MethodError::Length`], [`MethodError::Value`].
    pub fn checked_logits(&self, needed_by: &'static str) -> Result<&'a [f32], MethodError> {
        checked("teacher logits", needed_by, self.logits, [self.rows, self.classes])
    }

    /// The soft labels `[rows, classes * subclasses]`, all finite, for the method `needed_by`.
    ///
    /// # Errors
    /// As [`checked_logits`](Self::checked_logits).
    pub fn checked_targets(
        &self,
        needed_by: &'static str,
        subclasses: usize,
    ) -> Result<&'a [f32], MethodError> {
        checked("targets", needed_by, self.targets, [self.rows, self.classes.saturating_mul(subclasses)])
    }

    /// The teacher's embeddings, one of each row, for the term `needed_by`.
    ///
    /// # Errors
    /// [`MethodError::Missing`], [`MethodError::Length`].
    pub fn checked_embeddings(
        &self,
        needed_by: &'static str,
    ) -> Result<&'a dyn TeacherEmbeddings, MethodError> {
        let what = "teacher embeddings";
        let teacher = self.embeddings.ok_or(MethodError::Missing { method: needed_by, what })?;
        if teacher.rows() != self.rows || teacher.width() == 0 {
            let (columns, given) = (teacher.width(), teacher.rows() * teacher.width());
            let wanted = self.rows.saturating_mul(columns.max(1));
            return Err(MethodError::Length { what, rows: self.rows, columns, wanted, given });
        }
        Ok(teacher)
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

/// An array `[rows, columns]` of finite values that the method cannot do without.
fn checked<'a>(
    what: &'static str,
    method: &'static str,
    values: Option<&'a [f32]>,
    [rows, columns]: [usize; 2],
) -> Result<&'a [f32], MethodError> {
    let values = values.ok_or(MethodError::Missing { method, what })?;
    let (wanted, given) = (rows.saturating_mul(columns), values.len());
    if wanted != given {
        return Err(MethodError::Length { what, rows, columns, wanted, given });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(place) => Err(MethodError::Value { what, row: place / columns, value: values[place] }),
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

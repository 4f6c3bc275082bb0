//! Count, mean and scatter of each class: all that a fit needs, gathered in one pass over any number of chunks.

mod block;
mod builder;
mod sums;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::{FitError, ShapeError};
use crate::linalg::dot;
use crate::signals::Signals;
pub use builder::MomentsBuilder;
pub(crate) use sums::Sums;

/// What decides which class a row is a member of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Members {
    /// The class with the largest teacher logit (the first among equals), so unlabelled rows count. Ours.
    #[default]
    Teacher,
    /// The row's label; rows without one belong to no class.
    Label,
}

/// Count, mean and scatter of the embeddings of each class, gathered by [`MomentsBuilder`] and merged.
///
/// Beside the embeddings stand the teacher's logits, centred over the classes of each row, so that a
/// missing head can be estimated from the same pass.
///
/// # Accuracy
/// Rows are gathered by class into blocks of 1024, and each block is centred on its own mean in `f64`.
/// Products inside a block are `f64` for the first 4096 rows of a class and where `f32` would over- or underflow,
/// and `f32` otherwise (their error is relative to the block's deviations, whatever the mean). Blocks are merged in `f64`, in order (Chan, Golub and Le Veque 1979).
///
/// # Memory
/// `classes (width + classes)^2 / 2` values of 8 bytes; it does not grow with rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMoments {
    classes: usize,
    width: usize,
    per_class: Vec<Sums>,
}

impl ClassMoments {
    /// `[classes]` sums over `width` embedding columns, then `classes` centred logits.
    pub(crate) fn new(classes: usize, width: usize, per_class: Vec<Sums>) -> Self {
        Self { classes, width, per_class }
    }

    pub(crate) fn sums(&self, class: usize) -> &Sums {
        &self.per_class[class]
    }

    /// Adds the rows of other moments.
    ///
    /// # Errors
    /// [`ShapeError`] if width or classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), ShapeError> {
        ShapeError::check("width of the other moments", other.width, self.width)?;
        ShapeError::check("classes of the other moments", other.classes, self.classes)?;
        for (sums, more) in self.per_class.iter_mut().zip(&other.per_class) {
            sums.merge(more);
        }
        Ok(())
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Columns of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Members of a class.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn count(&self, class: usize) -> u64 {
        self.per_class[class].count()
    }

    /// Mean embedding of a class, `[width]`; zeros without members.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn mean(&self, class: usize) -> &[f64] {
        &self.per_class[class].mean()[..self.width]
    }

    /// Covariance of a class's embeddings, normalised by `n - 1`, `[width, width]`; zeros below two members.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn covariance(&self, class: usize) -> Vec<f64> {
        let sums = &self.per_class[class];
        let degrees = sums.count().saturating_sub(1).max(1) as f64;
        sums.scatter(self.width).into_iter().map(|x| x / degrees).collect()
    }

    /// Share of a class's variance that lies along its first principal direction, to 3 digits where it is above one half;
    /// none where the class does not vary.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn concentration(&self, class: usize) -> Option<f64> {
        const STEPS: usize = 32; // of the power method: each takes the rest down by the ratio of the variances
        let covariance = self.covariance(class);
        let diagonal = |column: usize| covariance[column * self.width + column];
        let total: f64 = (0..self.width).map(diagonal).sum();
        let start = (0..self.width).max_by(|&left, &right| diagonal(left).total_cmp(&diagonal(right)))?;
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        let mut direction = covariance[start * self.width..][..self.width].to_vec();
        let mut largest = 0.0;
        for _ in 0..STEPS {
            let length = dot(&direction, &direction).sqrt();
            for x in &mut direction {
                *x /= length;
            }
            let next: Vec<f64> =
                covariance.chunks_exact(self.width).map(|row| dot(row, &direction)).collect();
            largest = dot(&next, &direction);
            direction = next;
        }
        Some(largest / total)
    }

    /// Whether the moments of a class have not overflowed.
    pub(crate) fn is_finite(&self, class: usize) -> bool {
        self.per_class[class].is_finite()
    }

    /// Moments of all members together, `[width]` embedding columns, then `[classes]` centred logits.
    pub(crate) fn pooled(&self) -> Sums {
        let mut pooled = Sums::new(self.width + self.classes);
        self.per_class.iter().for_each(|sums| pooled.merge(sums));
        pooled
    }
}

/// For each class, the rows that belong to it, in order.
pub(crate) fn rows_by_class(signals: &Signals, members: Members) -> Result<Vec<Vec<usize>>, FitError> {
    let mut rows_of = vec![Vec::new(); signals.classes()];
    match members {
        Members::Teacher => {
            for (row, logits) in signals.logits().chunks_exact(signals.classes()).enumerate() {
                rows_of[argmax(logits)].push(row);
            }
        }
        Members::Label => {
            let labels = signals.labels().ok_or(FitError::NoLabels { rows: signals.rows() })?;
            for (row, &label) in labels.iter().enumerate() {
                if let Ok(class) = usize::try_from(label) {
                    rows_of[class].push(row);
                }
            }
        }
    }
    Ok(rows_of)
}

/// Place of the largest value, the first among equals.
#[must_use]
pub fn argmax<T: PartialOrd + Copy>(values: &[T]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

//! Fine labels: the subclasses that a data set knows by itself.

use crate::error::{ShapeError, SignalsError};
use crate::moments::argmax;
use crate::signals::Signals;

/// A fine label for each row, borrowed and checked.
#[derive(Debug, Clone, Copy)]
pub struct FineLabels<'a> {
    of_rows: &'a [i32],
    count: usize,
}

impl<'a> FineLabels<'a> {
    /// Takes the labels of rows, each in `0..count`, or -1 for none.
    ///
    /// # Errors
    /// [`SignalsError::LabelOutOfRange`] names the first row that is wrong, counted from 0.
    pub fn new(of_rows: &'a [i32], count: usize) -> Result<Self, SignalsError> {
        let valid = |label: i32| label == -1 || usize::try_from(label).is_ok_and(|label| label < count);
        match of_rows.iter().position(|&label| !valid(label)) {
            None => Ok(Self { of_rows, count }),
            Some(row) => {
                Err(SignalsError::LabelOutOfRange { row: row as u64, label: of_rows[row], classes: count })
            }
        }
    }

    /// Number of fine labels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The fine label of a row of the block.
    pub(crate) fn of(&self, row: usize) -> Option<usize> {
        usize::try_from(self.of_rows[row]).ok()
    }

    /// As many labels as the signals have rows.
    pub(crate) fn check(&self, signals: &Signals) -> Result<(), ShapeError> {
        ShapeError::check("fine labels", self.of_rows.len(), signals.rows())
    }
}

/// How often each fine label occurs in each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FineCounts {
    classes: usize,
    /// `[fine labels, classes]`.
    counts: Vec<u64>,
}

impl FineCounts {
    pub(crate) fn new(classes: usize) -> Self {
        Self { classes, counts: Vec::new() }
    }

    /// Counts rows by their label, or where they have none by the class the teacher gives them.
    pub(crate) fn add(&mut self, signals: &Signals, fine: FineLabels<'_>) {
        self.counts.resize(self.counts.len().max(fine.count() * self.classes), 0);
        for (row, logits) in signals.logits().chunks_exact(self.classes).enumerate() {
            let label = signals.labels().and_then(|labels| usize::try_from(labels[row]).ok());
            if let Some(fine) = fine.of(row) {
                self.counts[fine * self.classes + label.unwrap_or_else(|| argmax(logits))] += 1;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| *own += more);
    }

    /// The fine labels that occur in each class, increasing, and how often.
    pub(crate) fn per_class(&self) -> Vec<Vec<(u32, u64)>> {
        let of = |class: usize| {
            let counts = self.counts.iter().skip(class).step_by(self.classes).enumerate();
            counts.filter(|(_, count)| **count > 0).map(|(fine, &count)| (fine as u32, count)).collect()
        };
        (0..self.classes).map(of).collect()
    }
}

//! Members of each class, kept for fits that look at them more than once.

use std::collections::BinaryHeap;

use crate::error::ShapeError;
use crate::hash::hash;
use crate::parameter::{Parameter, Values};
use crate::signals::Signals;
use crate::subclass::requirements::SampleRequirement;

/// The setting that bounds the sample.
pub(super) const SAMPLE: Parameter = Parameter::new(
    "sample",
    Values::Count,
    "most rows of a class that the clustering looks at; it draws a sample where there are more",
);

/// At most so many members of each class, drawn by a hash of seed and row: which ones does not depend on
/// the order of rows, parts or merges.
#[derive(Debug, Clone)]
pub(crate) struct MemberSample {
    drawn: SampleRequirement,
    width: usize,
    per_class: Vec<ClassSample>,
}

/// The members of one class with the smallest hashes.
#[derive(Debug, Clone, Default)]
struct ClassSample {
    /// The largest hash on top: it leaves first.
    kept: BinaryHeap<Kept>,
    /// `[kept, width]`, by slot.
    values: Vec<f32>,
    /// Whether there were more members than are kept.
    left_out: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    key: u64,
    row: u64,
    slot: usize,
}

impl MemberSample {
    pub(crate) fn new(classes: usize, width: usize, drawn: SampleRequirement) -> Self {
        Self { drawn, width, per_class: vec![ClassSample::default(); classes] }
    }

    /// Adds members; `rows_of` lists the rows of each class.
    pub(crate) fn add(&mut self, signals: &Signals, rows_of: &[Vec<usize>]) {
        for (class, rows) in rows_of.iter().enumerate() {
            for &row in rows {
                let number = signals.first_row() + row as u64;
                self.offer(class, number, |values| signals.copy_embedding(row, values));
            }
        }
    }

    /// Adds the members of another sample, which must have been drawn alike.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), ShapeError> {
        ShapeError::check("rows of a sample", other.drawn.rows.get(), self.drawn.rows.get())?;
        ShapeError::check("seed of a sample", other.drawn.seed as usize, self.drawn.seed as usize)?;
        for (class, sample) in other.per_class.iter().enumerate() {
            self.per_class[class].left_out |= sample.left_out;
            for kept in &sample.kept {
                let from = &sample.values[kept.slot * self.width..][..self.width];
                self.offer(class, kept.row, |values| values.copy_from_slice(from));
            }
        }
        Ok(())
    }

    fn offer(&mut self, class: usize, row: u64, copy: impl FnOnce(&mut [f32])) {
        let sample = &mut self.per_class[class];
        let key = hash(self.drawn.seed, row);
        let slot = if sample.kept.len() < self.drawn.rows.get() {
            let slot = sample.kept.len();
            sample.values.resize((slot + 1) * self.width, 0.0);
            slot
        } else {
            sample.left_out = true;
            match sample.kept.peek().copied() {
                Some(last) if (key, row) < (last.key, last.row) => {
                    sample.kept.pop();
                    last.slot
                }
                _ => return,
            }
        };
        sample.kept.push(Kept { key, row, slot });
        copy(&mut sample.values[slot * self.width..][..self.width]);
    }

    /// Whether the sample that is wanted would hold the same rows.
    pub(crate) fn is_that_of(&self, wanted: SampleRequirement) -> bool {
        let all_rows = |sample: &ClassSample| !sample.left_out && sample.kept.len() <= wanted.rows.get();
        wanted == self.drawn || self.per_class.iter().all(all_rows)
    }

    /// The kept members of a class by increasing row, `[members, width]`.
    pub(crate) fn members(&self, class: usize) -> Vec<f32> {
        let sample = &self.per_class[class];
        let mut order: Vec<(u64, usize)> = sample.kept.iter().map(|kept| (kept.row, kept.slot)).collect();
        order.sort_unstable();
        let rows = order.iter().map(|(_, slot)| &sample.values[slot * self.width..][..self.width]);
        rows.flatten().copied().collect()
    }
}

//! A candidate of the race with how its students answer.

use lelp_train::training::SelectionMetric;

use super::candidates::Candidate;

/// What candidates are compared by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Criterion {
    /// What is selected for.
    pub(super) select: SelectionMetric,
    /// Validation rows, the first of those that a student is judged by.
    pub(super) validation: usize,
}

/// A candidate and how its students answer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) candidate: Candidate,
    /// Places of student and method in the plan, and its own among those that a step led to: the simpler one is the smaller.
    pub(super) rank: (usize, usize, usize),
    /// Of each of its students, which rows it answers rightly, the validation rows first and then those of its fold; none
    /// where its split does not fit the classes.
    pub(super) right: Vec<Vec<bool>>,
    /// Of each of them what is selected for: by default the share of right rows.
    pub(super) keys: Vec<f64>,
}

impl Entry {
    /// A candidate that no student was trained for.
    pub(super) fn new(candidate: Candidate, rank: (usize, usize, usize)) -> Self {
        Self { candidate, rank, right: Vec::new(), keys: Vec::new() }
    }

    /// What the candidate is worth, piece by piece. By accuracy: of each validation row the share of its students that have
    /// it right, then of each held-out row whether the one student that is asked has. Otherwise what is selected for, of
    /// each student.
    pub(super) fn values(&self, Criterion { select, validation }: Criterion) -> Vec<f64> {
        if !select.is_accuracy() || self.right.is_empty() {
            return self.keys.clone();
        }
        let share = |row: usize| {
            let right = self.right.iter().filter(|right| right[row]).count();
            right as f64 / self.right.len() as f64
        };
        let held_out = self.right.iter().flat_map(|right| &right[validation..]);
        (0..validation).map(share).chain(held_out.map(|&right| f64::from(u8::from(right)))).collect()
    }

    /// Mean of these values; below all others where there are none.
    pub(super) fn score(&self, by: Criterion) -> f64 {
        let values = self.values(by);
        if values.is_empty() { f64::NEG_INFINITY } else { values.iter().sum::<f64>() / values.len() as f64 }
    }
}

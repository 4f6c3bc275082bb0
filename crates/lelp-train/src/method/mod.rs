//! What a student is trained to match.
//!
//! [`MethodSettings`] is the closed list of methods; [`MethodSettings::build`] turns settings and what
//! is known about the training rows into a [`Method`], the only thing that the training loop sees.

mod ce;
mod kd;
mod lelp;
mod loss;
mod settings;
mod supervision;

pub use self::lelp::LelpSettings;
pub use ce::CrossEntropy;
pub use kd::{Distillation, KdSettings};
pub use loss::{collapsed_cross_entropy, distillation};
pub use settings::{MethodError, MethodSettings};
pub use supervision::{Needs, Supervision};

/// What a student's outputs are held against, row by row or batch by batch.
pub trait Method: Sync {
    /// Outputs the student must have, `classes * subclasses`.
    fn outputs(&self) -> usize;

    /// Outputs of each class.
    fn subclasses(&self) -> usize;

    /// Names of the unweighted terms, in the order in which [`Method::gradient`] adds them up.
    fn terms(&self) -> &'static [&'static str];

    /// Whether a row teaches anything; rows that do not are left out of training.
    fn teaches(&self, row: usize) -> bool;

    /// Whether the loss of a row depends on the other rows of its batch. If so, [`Method::gradient`]
    /// is called with whole batches, else with parts of them, on several threads.
    fn couples_rows(&self) -> bool {
        false
    }

    /// Loss and gradient of some rows of a batch.
    ///
    /// # Shapes
    /// - `rows`: places in the training set; `outputs` and `gradient`: `[rows, outputs]`
    /// - `batch`: rows in the whole batch; `gradient` becomes that of the batch mean, so each row's part is divided by it
    /// - `sums`: one for each term; the unweighted term of every row that has it is added, and counted
    fn gradient(
        &self,
        rows: &[u32],
        batch: usize,
        outputs: &[f32],
        gradient: &mut [f32],
        sums: &mut [TermSum],
    );
}

/// A term added up over rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TermSum {
    /// Sum of the unweighted term.
    pub sum: f64,
    /// Rows that have the term.
    pub rows: usize,
}

impl TermSum {
    /// Adds the term of one row.
    pub fn add(&mut self, value: f64) {
        self.sum += value;
        self.rows += 1;
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.rows += other.rows;
    }

    /// Mean over the rows that have the term; 0 where there are none.
    #[must_use]
    pub fn mean(self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.sum / self.rows as f64 }
    }
}

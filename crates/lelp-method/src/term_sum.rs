//! Terms of a loss, as they are logged.

use serde::{Deserialize, Serialize};

/// A term added up over rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
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

    /// Adds a term that is already a mean over `rows` rows.
    pub fn add_mean(&mut self, mean: f64, rows: usize) {
        self.sum += mean * rows as f64;
        self.rows += rows;
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

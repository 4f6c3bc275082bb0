//! The control: subclasses that mean nothing. What they give, a wider output gives by itself.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::hash::{gaussian, hash};
use crate::signals::Signals;

/// A fixed random split of each row.
///
/// The scores of a row are standard normal numbers, one for each subclass of each class, by hash of the
/// seed, the row's place in the data set and the subclass: of the same distribution as coordinates of unit
/// variance, the same in every epoch, and without any relation to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomSubclassSettings {
    /// Subclasses of each class (S).
    pub subclasses: NonZeroUsize,
    /// Seed of the split.
    pub seed: u64,
}

impl Default for RandomSubclassSettings {
    /// Eight subclasses, seed 0.
    fn default() -> Self {
        Self { subclasses: const { NonZeroUsize::new(8).expect("eight is not zero") }, seed: 0 }
    }
}

/// A random split of some classes: nothing is fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomSubclassFit {
    pub(crate) settings: RandomSubclassSettings,
    pub(crate) label_names: Option<Vec<String>>,
    /// Members of each class, for reports.
    pub(crate) members: Vec<u64>,
}

impl RandomSubclassFit {
    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.members.len()
    }

    /// Rows of each class.
    #[must_use]
    pub fn members(&self) -> &[u64] {
        &self.members
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> RandomSubclassSettings {
        self.settings
    }

    /// Writes the scores of the rows from `first` on into `rows`, `[n, outputs]`.
    pub(crate) fn write(&self, signals: &Signals, first: usize, rows: &mut [f32]) {
        let outputs = self.classes() * self.settings.subclasses.get();
        for (row, scores) in rows.chunks_exact_mut(outputs).enumerate() {
            let seed = hash(self.settings.seed, signals.first_row() + (first + row) as u64);
            scores.iter_mut().enumerate().for_each(|(place, score)| *score = gaussian(seed, place as u64));
        }
    }
}

//! Settings of the training loop.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::Optimizer;

/// Settings of the training loop, under one name for every student.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Passes over the training set.
    pub epochs: usize,
    /// Rows of a batch.
    pub batch: usize,
    /// Learning rate of the first step; it falls linearly to 0 at the end of the last epoch.
    pub learning_rate: f32,
    /// How parameters follow their gradients.
    pub optimizer: Optimizer,
    /// Epochs without a better validation score after which training stops; 0 never stops early.
    pub patience: usize,
    /// Seed of parameters and order.
    pub seed: u64,
}

/// Settings out of their range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SettingsError {
    /// A count of 0.
    #[error("{name} is 0: use 1 or more")]
    Zero {
        /// Name of the setting.
        name: &'static str,
    },
    /// A learning rate that leads nowhere.
    #[error("learning_rate is {learning_rate}: use a finite number above 0")]
    LearningRate {
        /// The number given.
        learning_rate: f32,
    },
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self::ngram()
    }
}

impl TrainSettings {
    /// Defaults of the n-gram student.
    #[must_use]
    pub fn ngram() -> Self {
        Self {
            epochs: 20,
            batch: 128,
            learning_rate: 0.1,
            optimizer: Optimizer::Adagrad,
            patience: 5,
            seed: 0,
        }
    }

    /// Defaults of a head on embeddings.
    #[must_use]
    pub fn head() -> Self {
        Self {
            epochs: 30,
            batch: 128,
            learning_rate: 0.001,
            optimizer: Optimizer::Adam,
            patience: 5,
            seed: 0,
        }
    }

    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), SettingsError> {
        for (name, value) in [("epochs", self.epochs), ("batch", self.batch)] {
            if value == 0 {
                return Err(SettingsError::Zero { name });
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(SettingsError::LearningRate { learning_rate: self.learning_rate });
        }
        Ok(())
    }
}

//! Settings of the training loop.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::schedule::Schedule;
use super::selection::SelectionMetric;
use crate::zero_as_none;
use lelp_method::Optimizer;

/// Epochs that n-gram students and heads go on without progress by default.
const PATIENCE: Option<NonZeroUsize> = NonZeroUsize::new(5);

/// Settings of the training loop, under one name for every student.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Passes over the training set.
    pub epochs: usize,
    /// Rows of a batch.
    pub batch: usize,
    /// Largest learning rate: that of the first step, or of the end of the warm-up.
    pub learning_rate: f32,
    /// Share of all steps over which the learning rate rises from 0; 0 or more, below 1.
    pub warmup: f64,
    /// How it falls afterwards, to 0 at the end of the last epoch.
    pub schedule: Schedule,
    /// How parameters follow their gradients.
    pub optimizer: Optimizer,
    /// Epochs without a better validation score after which training stops; none never stops early.
    #[serde(with = "zero_as_none::count")]
    pub patience: Option<NonZeroUsize>,
    /// By what the best epoch is chosen, and in a search the best settings.
    #[serde(skip_serializing_if = "SelectionMetric::is_accuracy")]
    pub select: SelectionMetric,
    /// Seed of parameters and order.
    pub seed: u64,
}

/// Settings out of their range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainSettingsError {
    /// A count of 0.
    #[error("{name} is 0: use 1 or more")]
    Zero {
        /// Name of the setting.
        name: &'static str,
    },
    /// A count that no memory and no patience is enough for.
    #[error("{name} is {value}: use {LARGEST} or less")]
    TooLarge {
        /// Name of the setting.
        name: &'static str,
        /// The number given.
        value: usize,
    },
    /// A warm-up that never ends.
    #[error("warmup is {warmup}: use a share of all steps, 0 or more and below 1")]
    Warmup {
        /// The number given.
        warmup: f64,
    },
    /// A learning rate that leads nowhere.
    #[error("learning_rate is {learning_rate}: use a finite number above 0")]
    LearningRate {
        /// The number given.
        learning_rate: f32,
    },
}

/// No more epochs, and no more rows in a batch.
const LARGEST: usize = 1 << 24;

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
            warmup: 0.0,
            schedule: Schedule::Linear,
            optimizer: Optimizer::Adagrad,
            patience: PATIENCE,
            select: SelectionMetric::Accuracy,
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
            warmup: 0.0,
            schedule: Schedule::Linear,
            optimizer: Optimizer::Adam,
            patience: PATIENCE,
            select: SelectionMetric::Accuracy,
            seed: 0,
        }
    }

    /// Defaults of an encoder, pretrained.
    #[must_use]
    pub fn encoder() -> Self {
        Self {
            epochs: 3,
            batch: 32,
            learning_rate: 5e-5,
            warmup: 0.06,
            schedule: Schedule::Linear,
            optimizer: Optimizer::Adam,
            patience: None,
            select: SelectionMetric::Accuracy,
            seed: 0,
        }
    }

    /// Checks the ranges that the fields document.
    pub fn check(&self) -> Result<(), TrainSettingsError> {
        for (name, value) in [("epochs", self.epochs), ("batch", self.batch)] {
            if value == 0 {
                return Err(TrainSettingsError::Zero { name });
            }
            if value > LARGEST {
                return Err(TrainSettingsError::TooLarge { name, value });
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(TrainSettingsError::LearningRate { learning_rate: self.learning_rate });
        }
        if !(0.0..1.0).contains(&self.warmup) {
            return Err(TrainSettingsError::Warmup { warmup: self.warmup });
        }
        Ok(())
    }
}

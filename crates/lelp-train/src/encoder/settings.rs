//! How an encoder is trained.

use std::num::NonZeroUsize;

use lelp_network::{AdamW, Device};
use serde::{Deserialize, Serialize};

use super::error::EncoderTrainingError;
use crate::zero_as_none;

/// How an encoder is trained, beside what every student has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncoderTrainSettings {
    /// Where it runs.
    pub device: Device,
    /// Texts that go through the network together; larger batches are taken in parts. None for whole batches.
    #[serde(with = "zero_as_none::count")]
    pub micro_batch: Option<NonZeroUsize>,
    /// Decoupled weight decay of matrices; biases and norms have none.
    pub weight_decay: f64,
    /// Longest gradient of a step, over all tensors together; none for any.
    #[serde(with = "zero_as_none::number")]
    pub clip: Option<f64>,
    /// What the learning rate is multiplied by for each layer below the head, above 0 and at most 1.
    pub layer_decay: f64,
    /// Dropout in place of the config's: hidden vectors, attention and head; none to keep the config's.
    pub dropout: Option<f32>,
}

impl Default for EncoderTrainSettings {
    fn default() -> Self {
        let AdamW { weight_decay, clip, layer_decay, .. } = AdamW::default();
        Self { device: Device::Cpu, micro_batch: None, weight_decay, clip, layer_decay, dropout: None }
    }
}

impl EncoderTrainSettings {
    /// Checks the ranges that the fields document.
    pub(super) fn check(&self) -> Result<(), EncoderTrainingError> {
        let checks = [
            ("weight_decay", self.weight_decay, self.weight_decay >= 0.0, "0 or more"),
            ("clip", self.clip.unwrap_or(1.0), self.clip.is_none_or(|clip| clip > 0.0), "0 or more"),
            (
                "layer_decay",
                self.layer_decay,
                self.layer_decay > 0.0 && self.layer_decay <= 1.0,
                "a number above 0, at most 1",
            ),
            (
                "dropout",
                f64::from(self.dropout.unwrap_or(0.0)),
                self.dropout.is_none_or(|dropout| (0.0..1.0).contains(&dropout)),
                "0 or more, below 1",
            ),
        ];
        for (name, value, holds, range) in checks {
            if !holds {
                return Err(EncoderTrainingError::Setting { name, value, range });
            }
        }
        Ok(())
    }
}

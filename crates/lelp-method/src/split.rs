//! Methods that split classes otherwise than `lelp`: clusterings, controls, and the upper bound.
//!
//! Splits and targets are made by the crate `lelp`; the loss is that of [`SoftTargetLoss`](super::SoftTargetLoss) over
//! `classes * subclasses` outputs.

use std::num::NonZeroUsize;

use ::lelp::subclass::{
    AgglomerativeSettings, KmeansSettings, OracleSettings as FineLabelSettings,
    RandomProjectionSettings as RandomDirections, RandomSubclassSettings, TsneKmeansSettings,
};
use ::lelp::{MakerSettings, Members};
use serde::{Deserialize, Serialize};

use super::error::MethodError;
use super::lelp::LelpSettings;
use super::settings::MethodSettings;

/// Settings of `kmeans`, `agglomerative` and `tsne-kmeans`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSplitSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Sharpness of the split: squared distances are over `beta` times the class's mean squared radius.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Subclasses of each class.
    pub subclasses: usize,
    /// Whether distances leave out what the teacher's head reads.
    pub null_space: bool,
    /// Who says which class a row is a member of.
    pub members: Members,
}

impl Default for ClusterSplitSettings {
    /// Eight clusters; the width at which a prototype on short queries was best.
    fn default() -> Self {
        Self {
            alpha: 0.0,
            temperature: 1.0,
            beta: 0.2,
            entropy: None,
            subclasses: 8,
            null_space: true,
            members: Members::default(),
        }
    }
}

/// Settings of `random-projection`: those of `lelp` but for the rotation, which random directions do not need.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomProjectionSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Sharpness of the split of a class, in units of the coordinates' deviation: small is sharp.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Subclasses of each class.
    pub subclasses: usize,
    /// Whether directions are orthogonal to the teacher's head.
    pub null_space: bool,
    /// Who says which class a row is a member of.
    pub members: Members,
}

impl Default for RandomProjectionSettings {
    /// Eight directions, as sharp as those of `lelp`.
    fn default() -> Self {
        let LelpSettings { alpha, temperature, beta, null_space, members, .. } = LelpSettings::default();
        Self { alpha, temperature, beta, entropy: None, subclasses: 8, null_space, members }
    }
}

/// Settings of `random-subclass`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomSplitSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Sharpness of the split, in deviations of the random scores: small is sharp.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Subclasses of each class.
    pub subclasses: usize,
}

impl Default for RandomSplitSettings {
    /// Eight subclasses, as sharp as those of `lelp`.
    fn default() -> Self {
        Self {
            alpha: 0.0,
            temperature: 1.0,
            beta: LelpSettings::default().beta,
            entropy: None,
            subclasses: 8,
        }
    }
}

/// Settings of `oracle`, which needs a column of fine labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OracleSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Softness of the fine label: its share against another one's is `exp(1 / beta)` to 1; small is one-hot.
    pub beta: f64,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Subclasses of each class; filled in when the fine labels are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subclasses: Option<usize>,
}

impl Default for OracleSettings {
    /// One-hot to four digits.
    fn default() -> Self {
        Self { alpha: 0.0, temperature: 1.0, beta: 0.1, entropy: None, subclasses: None }
    }
}

/// How a method splits classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The split.
    pub settings: MakerSettings,
    /// Who says which class a row is a member of.
    pub members: Members,
    /// Width of the softmax over a class's subclasses.
    pub beta: f64,
    /// Mean entropy of the splits, in bits, in place of the width.
    pub entropy: Option<f64>,
}

impl MethodSettings {
    /// How the method splits classes, with `seed` for whatever the split draws; none where it does not split.
    ///
    /// # Errors
    /// [`MethodError::Setting`] if there are no subclasses.
    pub fn split(&self, seed: u64) -> Result<Option<Split>, MethodError> {
        let split = match self {
            Self::Lelp(own) => {
                let LelpSettings { null_space, rotation, members, beta, entropy, .. } = *own;
                let subclasses = number(own.subclasses)?;
                let settings = ::lelp::LelpSettings { subclasses, null_space, rotation, seed };
                Split { settings: settings.into(), members, beta, entropy }
            }
            Self::RandomProjection(own) => {
                let RandomProjectionSettings { null_space, members, beta, entropy, .. } = *own;
                let subclasses = number(own.subclasses)?;
                let settings = RandomDirections { subclasses, null_space, seed };
                Split { settings: settings.into(), members, beta, entropy }
            }
            Self::Kmeans(own) => {
                let (subclasses, null_space) = (number(own.subclasses)?, own.null_space);
                own.split(KmeansSettings { subclasses, null_space, seed, ..KmeansSettings::default() })
            }
            Self::Agglomerative(own) => {
                let (subclasses, null_space) = (number(own.subclasses)?, own.null_space);
                let default = AgglomerativeSettings::default();
                own.split(AgglomerativeSettings { subclasses, null_space, seed, ..default })
            }
            Self::TsneKmeans(own) => {
                let (subclasses, null_space) = (number(own.subclasses)?, own.null_space);
                own.split(TsneKmeansSettings {
                    subclasses,
                    null_space,
                    seed,
                    ..TsneKmeansSettings::default()
                })
            }
            Self::RandomSubclass(own) => {
                let settings = RandomSubclassSettings { subclasses: number(own.subclasses)?, seed };
                let (members, beta, entropy) = (Members::Teacher, own.beta, own.entropy);
                Split { settings: settings.into(), members, beta, entropy }
            }
            Self::Oracle(own) => {
                let settings = FineLabelSettings::default();
                let (members, beta, entropy) = (Members::Teacher, own.beta, own.entropy);
                Split { settings: settings.into(), members, beta, entropy }
            }
            _ => return Ok(None),
        };
        Ok(Some(split))
    }
}

impl ClusterSplitSettings {
    fn split(&self, settings: impl Into<MakerSettings>) -> Split {
        let Self { members, beta, entropy, .. } = *self;
        Split { settings: settings.into(), members, beta, entropy }
    }
}

fn number(subclasses: usize) -> Result<NonZeroUsize, MethodError> {
    let none = MethodError::Setting { name: "subclasses", value: 0.0, range: "1 or more" };
    NonZeroUsize::new(subclasses).ok_or(none)
}

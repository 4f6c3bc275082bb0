//! How sharp the split of a class and the teacher's probabilities are.

use serde::{Deserialize, Serialize};

use crate::parameter::SettingError;
use crate::parameter::Values;

/// Width of the softmax over a class's subclasses, in the unit of the scores; finite, above 0.
///
/// The unit is the root mean variance of a class's coordinates for directions, its mean squared radius for
/// clusters, a deviation for random splits, and 1 against 0 for fine labels; so equal `beta` is not equal
/// sharpness between splits, equal [entropy](crate::beta_at_entropy) is.
///
/// Small is sharp: each row goes to its nearest subclass. Large is even: what is left is ordinary distillation.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Beta(f64);

/// Temperature of the softmax over classes; finite, above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Temperature(f64);

/// Weight of the split within classes beside the probabilities of the classes, in a student's loss; finite, 0 or more.
///
/// 1 is the divergence over all subclasses as the paper has it, 0 leaves the split out.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct SplitWeight(f64);

/// The value, if it is allowed.
fn checked(name: &'static str, allowed: Values, value: f64) -> Result<f64, SettingError> {
    if allowed.allow(value) { Ok(value) } else { Err(SettingError { name, value, allowed }) }
}

impl Beta {
    /// Checks a width.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        checked("beta", Values::Positive, value).map(Self)
    }

    /// A width that is known to be finite and above 0.
    pub(super) const fn known(value: f64) -> Self {
        assert!(value > 0.0 && value.is_finite());
        Self(value)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Temperature {
    /// Checks a temperature.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        checked("temperature", Values::Positive, value).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl SplitWeight {
    /// A third of the paper's weight: what the probabilities say of the classes stays in front.
    pub(super) const LIGHT: Self = Self(0.3);

    /// Checks a weight.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        checked("split_weight", Values::NonNegative, value).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for SplitWeight {
    /// 1, the paper's.
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for SplitWeight {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl From<SplitWeight> for f64 {
    fn from(weight: SplitWeight) -> Self {
        weight.0
    }
}

impl Default for Beta {
    /// 0.12, the sharpness at which a prototype with 4 to 8 subclasses was best on real queries.
    fn default() -> Self {
        Self(0.12)
    }
}

impl Default for Temperature {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for Beta {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl TryFrom<f64> for Temperature {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl From<Beta> for f64 {
    fn from(beta: Beta) -> Self {
        beta.0
    }
}

impl From<Temperature> for f64 {
    fn from(temperature: Temperature) -> Self {
        temperature.0
    }
}

/// How scores and logits become targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetSettings {
    /// Width of the softmax over a class's subclasses.
    pub beta: Beta,
    /// Temperature of the softmax over classes.
    pub temperature: Temperature,
}

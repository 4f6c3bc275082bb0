//! How much labels weigh beside the teacher.

use lelp::{Parameter, SettingError, Values};
use serde::{Deserialize, Serialize};

/// As methods describe it.
pub(crate) const ALPHA: Parameter =
    Parameter::new("alpha", Values::Share, "weight of the labels beside the teacher");

/// Weight of the labels' cross-entropy, 0 to 1; what is learned of the teacher's outputs has the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

impl Alpha {
    /// The labels alone.
    pub const ONE: Self = Self(1.0);

    /// Checks a weight.
    ///
    /// # Errors
    /// [`SettingError`] if it is not from 0 to 1.
    pub fn new(value: f64) -> Result<Self, SettingError> {
        ALPHA.check(value).map(|()| Self(value))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Alpha {
    type Error = SettingError;

    fn try_from(value: f64) -> Result<Self, SettingError> {
        Self::new(value)
    }
}

impl From<Alpha> for f64 {
    fn from(alpha: Alpha) -> Self {
        alpha.0
    }
}

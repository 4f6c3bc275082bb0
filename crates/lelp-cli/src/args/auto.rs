//! A number, or the word that leaves it to be found.

use std::str::FromStr;

use lelp_compare::auto::AUTO;
use serde::Serialize;

/// A number, or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum OrAuto<T> {
    /// The number.
    Given(T),
    /// To be found.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auto {
    /// To be found.
    Auto,
}

impl<T: FromStr> FromStr for OrAuto<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == AUTO { Ok(Self::Auto(Auto::Auto)) } else { text.parse().map(Self::Given) }
    }
}

//! Descriptions of settings, from which help, range checks, recipes and searches are made.

use std::fmt;

use thiserror::Error;

use crate::{Classified, ErrorKind};

/// Description of one setting of a method, target maker or student; its default is that of the settings type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in recipes; as a flag `-` stands for `_`.
    pub name: &'static str,
    /// What it does, in a line without default and full stop.
    pub help: &'static str,
    /// What is allowed.
    pub values: Values,
    /// What a search tries.
    pub search: Search,
}

/// A setting is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{name} is {value}: use {}", advice(*value, allowed))]
pub struct SettingError {
    /// The setting.
    pub name: &'static str,
    /// The value given.
    pub value: f64,
    /// What is allowed.
    pub allowed: Values,
}

/// What to use in place of `value`.
fn advice(value: f64, allowed: &Values) -> String {
    if *allowed == Values::Count && value >= 1.0 {
        format!("{LARGEST_COUNT} or less")
    } else {
        allowed.to_string()
    }
}

impl Classified for SettingError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// No count of anything is larger: what is meant would not fit into any memory, and is a slip.
pub const LARGEST_COUNT: u32 = 1 << 24;

/// Values that a setting may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// A finite number above 0.
    Positive,
    /// A finite number, 0 or more.
    NonNegative,
    /// A number from 0 to 1, both included.
    Share,
    /// A number of 0 or more, below 1.
    ShareBelowOne,
    /// A whole number, 1 to [`LARGEST_COUNT`].
    Count,
    /// A finite number, 1 or more.
    AtLeastOne,
    /// `true` or `false`.
    Switch,
    /// One of some words, each with what it means.
    Words(&'static [(&'static str, &'static str)]),
}

/// Values that a search tries, unless a recipe says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// None: the setting stays as it is.
    Fixed,
    /// One of these numbers.
    Choices(&'static [f64]),
    /// Between two numbers, evenly in their logarithm.
    LogRange {
        /// The smaller number.
        low: f64,
        /// The larger number.
        high: f64,
    },
    /// Between two multiples of the default, evenly in their logarithm.
    AroundDefault {
        /// The smaller factor.
        low: f64,
        /// The larger factor.
        high: f64,
    },
}

impl fmt::Display for Values {
    /// What is allowed, as it reads on from "use".
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Positive => out.write_str("a finite number above 0"),
            Self::NonNegative => out.write_str("a finite number of 0 or more"),
            Self::Share => out.write_str("0 to 1"),
            Self::ShareBelowOne => out.write_str("0 or more, below 1"),
            Self::Count => out.write_str("1 or more"),
            Self::AtLeastOne => out.write_str("a finite number of 1 or more"),
            Self::Switch => out.write_str("true or false"),
            Self::Words(words) => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                out.write_str(&words.join(", "))
            }
        }
    }
}

impl Values {
    /// Whether `value` is allowed; words and switches are checked when they are read.
    #[must_use]
    pub fn allow(&self, value: f64) -> bool {
        match self {
            Self::Positive => value.is_finite() && value > 0.0,
            Self::NonNegative => value.is_finite() && value >= 0.0,
            Self::Share => (0.0..=1.0).contains(&value),
            Self::ShareBelowOne => (0.0..1.0).contains(&value),
            Self::Count => (1.0..=f64::from(LARGEST_COUNT)).contains(&value),
            Self::AtLeastOne => value.is_finite() && value >= 1.0,
            Self::Switch | Self::Words(_) => true,
        }
    }
}

impl Parameter {
    /// A setting that a search leaves as it is.
    #[must_use]
    pub const fn new(name: &'static str, values: Values, help: &'static str) -> Self {
        Self { name, help, values, search: Search::Fixed }
    }

    /// The same, tried by a search.
    #[must_use]
    pub const fn searched(self, search: Search) -> Self {
        Self { search, ..self }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// [`SettingError`] names the setting, the value and what is allowed.
    pub fn check(&self, value: f64) -> Result<(), SettingError> {
        if self.values.allow(value) {
            return Ok(());
        }
        Err(SettingError { name: self.name, value, allowed: self.values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_named_with_what_is_allowed() {
        let alpha = Parameter::new("alpha", Values::Share, "weight of the labels");
        assert!(alpha.check(1.0).is_ok());
        for wrong in [-0.1, 1.5, f64::NAN] {
            assert_eq!(alpha.check(wrong).unwrap_err().to_string(), format!("alpha is {wrong}: use 0 to 1"));
        }
        let count = Parameter::new("subclasses", Values::Count, "subclasses of each class");
        assert_eq!(count.check(0.0).unwrap_err().to_string(), "subclasses is 0: use 1 or more");
        let more = f64::from(LARGEST_COUNT) + 1.0;
        assert_eq!(
            count.check(more).unwrap_err().to_string(),
            "subclasses is 16777217: use 16777216 or less"
        );
    }
}

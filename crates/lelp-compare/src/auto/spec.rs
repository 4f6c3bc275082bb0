//! What a recipe or a caller leaves to `auto`.

use std::str::FromStr;

use lelp_method::Objective;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use toml::{Table, Value};

use super::{candidates, probe};

/// The word for a setting that is to be chosen.
pub const AUTO: &str = "auto";

/// The settings of a method that can be left to be chosen.
pub const AUTO_SETTINGS: [&str; 2] = ["subclasses", "beta"];

/// A setting that is given, or left to `auto`. As a word it is the value, or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaybeAuto<T> {
    /// To be chosen.
    Auto,
    /// The value.
    Given(T),
}

impl<T> MaybeAuto<T> {
    /// The value, where it is given.
    pub fn given(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Given(value) => Some(value),
        }
    }

    /// Whether it is to be chosen.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        matches!(self, Self::Auto)
    }
}

impl<T: FromStr> FromStr for MaybeAuto<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == AUTO { Ok(Self::Auto) } else { text.parse().map(Self::Given) }
    }
}

impl<T: DeserializeOwned> TryFrom<Value> for MaybeAuto<T> {
    type Error = toml::de::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        if value.as_str() == Some(AUTO) { Ok(Self::Auto) } else { value.try_into().map(Self::Given) }
    }
}

impl<T: Serialize> Serialize for MaybeAuto<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str(AUTO),
            Self::Given(value) => value.serialize(serializer),
        }
    }
}

/// Which settings of a method are to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutoSpec {
    /// The method: `kd`, directions or clusters, with what is given of their split.
    Method {
        /// Number of subclasses of each class.
        subclasses: MaybeAuto<i64>,
        /// Width of the split.
        beta: MaybeAuto<f64>,
    },
    /// The split of a method that is given; one of the two at least.
    Split {
        /// Whether the number of subclasses is to be chosen.
        subclasses: bool,
        /// Whether the width of the split is.
        beta: bool,
    },
}

impl AutoSpec {
    /// Takes what is `auto` out of a table of a method's settings; none where nothing is.
    ///
    /// The table is then one of `kd`, where the method is to be chosen, or of the method with defaults for what is open.
    pub fn take(table: &mut Table) -> Result<Option<Self>, toml::de::Error> {
        let is_auto = |table: &Table, key: &str| table.get(key).and_then(Value::as_str) == Some(AUTO);
        if is_auto(table, "method") {
            table.insert("method".to_owned(), Value::String("kd".to_owned()));
            let subclasses = take(table, "subclasses")?;
            let beta = take(table, "beta")?;
            return Ok(Some(Self::Method {
                subclasses: subclasses.unwrap_or(MaybeAuto::Auto),
                beta: beta.unwrap_or(MaybeAuto::Auto),
            }));
        }
        let [subclasses, beta] = AUTO_SETTINGS.map(|key| {
            let open = is_auto(table, key);
            if open {
                table.remove(key);
            }
            open
        });
        Ok((subclasses || beta).then_some(Self::Split { subclasses, beta }))
    }

    /// Whether the method itself is to be chosen.
    #[must_use]
    pub fn chooses_method(&self) -> bool {
        matches!(self, Self::Method { .. })
    }

    /// Students that [`choose_split`](super::choose_split) trains for it.
    #[must_use]
    pub fn students(&self, method: &Objective) -> usize {
        probe::SEEDS.len() * candidates::count(method, self)
    }
}

fn take<T: DeserializeOwned>(table: &mut Table, key: &str) -> Result<Option<MaybeAuto<T>>, toml::de::Error> {
    table.remove(key).map(MaybeAuto::try_from).transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Option<AutoSpec>, Table) {
        let mut table: Table = text.parse().unwrap();
        (AutoSpec::take(&mut table).unwrap(), table)
    }

    #[test]
    fn what_is_auto_is_taken_out_of_the_settings() {
        let (spec, table) = taken("method = 'auto'\nsubclasses = 8\nalpha = 0.1");
        let method = AutoSpec::Method { subclasses: MaybeAuto::Given(8), beta: MaybeAuto::Auto };
        assert_eq!((spec, table), (Some(method), "method = 'kd'\nalpha = 0.1".parse().unwrap()));
        let (spec, table) = taken("method = 'lelp'\nsubclasses = 8\nbeta = 'auto'");
        assert_eq!(spec, Some(AutoSpec::Split { subclasses: false, beta: true }));
        assert_eq!(table, "method = 'lelp'\nsubclasses = 8".parse().unwrap());
        assert_eq!(taken("method = 'lelp'\nsubclasses = 8").0, None);
    }

    #[test]
    fn a_value_that_is_neither_a_number_nor_auto_is_refused() {
        let mut table: Table = "method = 'auto'\nsubclasses = 'many'".parse().unwrap();
        assert!(AutoSpec::take(&mut table).is_err());
    }
}

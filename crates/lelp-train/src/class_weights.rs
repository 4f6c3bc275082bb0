//! What the rows of each class weigh in a student's loss.

use std::collections::BTreeMap;
use std::str::FromStr;

use lelp_method::balanced_weights;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the rows of each class weigh. In a recipe a word, or a table of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// By a rule.
    Rule(ClassWeightRule),
    /// By name; classes that are not named weigh 1.
    Given(BTreeMap<String, f64>),
}

/// A rule for the weights of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeightRule {
    /// All rows weigh the same.
    None,
    /// The rows of every class weigh the same together: a row of class `c` weighs `rows / (classes rows_c)`.
    Balanced,
}

/// Weights that do not fit the classes.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ClassWeightsError {
    /// Neither a word nor a list.
    #[error("`{text}` is neither `none` nor `balanced` nor a list as `a=2,b=0.5`")]
    Text {
        /// What was given.
        text: String,
    },
    /// A class that is none.
    #[error("there is no class `{class}` to weigh; there are `{}`", known.join("`, `"))]
    UnknownClass {
        /// The name.
        class: String,
        /// The classes.
        known: Vec<String>,
    },
    /// A weight that is none.
    #[error("class `{class}` weighs {weight}: use a finite number above 0")]
    Weight {
        /// The class.
        class: String,
        /// Its weight.
        weight: f64,
    },
}

impl Default for ClassWeights {
    fn default() -> Self {
        Self::Rule(ClassWeightRule::None)
    }
}

impl FromStr for ClassWeights {
    type Err = ClassWeightsError;

    fn from_str(text: &str) -> Result<Self, ClassWeightsError> {
        let refused = || ClassWeightsError::Text { text: text.to_owned() };
        match text {
            "none" => Ok(Self::Rule(ClassWeightRule::None)),
            "balanced" => Ok(Self::Rule(ClassWeightRule::Balanced)),
            list => {
                let pair = |pair: &str| {
                    let (class, weight) = pair.rsplit_once('=')?;
                    Some((class.trim().to_owned(), weight.trim().parse().ok()?))
                };
                list.split(',').map(pair).collect::<Option<_>>().map(Self::Given).ok_or_else(refused)
            }
        }
    }
}

impl ClassWeights {
    /// Whether all rows weigh the same.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The weight of each of the classes `names`, of which row after row is of one of `classes`, or of none; nothing where
    /// all rows weigh the same.
    ///
    /// # Errors
    /// [`ClassWeightsError`] for a class that is not there, or a weight that is no finite number above 0.
    pub fn of(
        &self,
        names: &[String],
        classes: impl Iterator<Item = Option<usize>>,
    ) -> Result<Option<Vec<f64>>, ClassWeightsError> {
        match self {
            Self::Rule(ClassWeightRule::None) => Ok(None),
            Self::Rule(ClassWeightRule::Balanced) => {
                Ok(Some(balanced_weights(names.len(), classes.flatten())))
            }
            Self::Given(weights) => given(names, weights).map(Some),
        }
    }
}

fn given(names: &[String], weights: &BTreeMap<String, f64>) -> Result<Vec<f64>, ClassWeightsError> {
    for (class, &weight) in weights {
        if !names.contains(class) {
            return Err(ClassWeightsError::UnknownClass { class: class.clone(), known: names.to_vec() });
        }
        if !(weight.is_finite() && weight > 0.0) {
            return Err(ClassWeightsError::Weight { class: class.clone(), weight });
        }
    }
    Ok(names.iter().map(|name| weights.get(name).copied().unwrap_or(1.0)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn weights(text: &str) -> Result<Option<Vec<f64>>, ClassWeightsError> {
        let names = ["no", "yes", "may=be"].map(str::to_owned);
        let rows = [Some(0), Some(0), None, Some(1), Some(0)];
        text.parse::<ClassWeights>()?.of(&names, rows.into_iter())
    }

    #[test]
    fn words_and_lists_become_weights_of_classes() {
        assert_eq!(weights("none").unwrap(), None);
        assert_eq!(weights("yes=2, may=be=0.5").unwrap(), Some(vec![1.0, 2.0, 0.5]));
        // The rows of each class together: 4 / 3 of the 4 that have one.
        let balanced = weights("balanced").unwrap().unwrap();
        assert!((3.0 * balanced[0] - 4.0 / 3.0).abs() < 1e-12 && (balanced[1] - 4.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_weighs_nothing_is_refused() {
        let said = |text: &str| weights(text).unwrap_err().to_string();
        assert_eq!(said("maybe"), "`maybe` is neither `none` nor `balanced` nor a list as `a=2,b=0.5`");
        assert_eq!(said("maybe=2"), "there is no class `maybe` to weigh; there are `no`, `yes`, `may=be`");
        for (given, shown) in [("0", "0"), ("-1", "-1"), ("nan", "NaN"), ("inf", "inf")] {
            let wanted = format!("class `no` weighs {shown}: use a finite number above 0");
            assert_eq!(said(&format!("no={given}")), wanted);
        }
    }

    #[test]
    fn a_recipe_has_a_word_or_a_table() {
        let read = |text: &str| toml::from_str::<BTreeMap<String, ClassWeights>>(text).unwrap()["w"].clone();
        assert_eq!(read("w = \"balanced\""), "balanced".parse().unwrap());
        assert_eq!(read("w = { no = 2, yes = 0.5 }"), "no=2,yes=0.5".parse().unwrap());
        let wrong = toml::from_str::<BTreeMap<String, ClassWeights>>("w = \"heavy\"");
        assert!(wrong.is_err());
    }
}

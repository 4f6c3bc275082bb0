//! What a search goes over: settings of a method and its training, each with values to draw from.

use std::collections::BTreeMap;

use lelp::{Classified, ErrorKind};
use lelp_data::storage::sha256;
use lelp_method::{MethodSettings, Objective};
use lelp_train::training::TrainSettings;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

/// Values of one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dimension {
    /// One of a list.
    Choice(Vec<Value>),
    /// Between two numbers above 0, evenly in their logarithm; whole where the setting is.
    Range(Range),
}

/// Two numbers above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smaller.
    pub low: f64,
    /// The larger.
    pub high: f64,
}

/// Settings by name: those of the method, of its training (`learning_rate`), or of what is added to it (`fitnet.weight`).
pub type SearchSpace = BTreeMap<String, Dimension>;

/// One setting of a method that is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The method's settings, and those of what is added to it.
    pub method: Objective,
    /// The training's settings.
    pub train: TrainSettings,
}

/// A space that a search cannot go over.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SpaceError {
    /// A list without values.
    #[error("`search.{name}` is an empty list: give one value or more, or leave it out")]
    Empty {
        /// The setting.
        name: String,
    },
    /// A range that is none.
    #[error("`search.{name}` goes from {low} to {high}: use finite numbers above 0, the smaller first")]
    Range {
        /// The setting.
        name: String,
        /// The smaller number.
        low: f64,
        /// The larger number.
        high: f64,
    },
    /// Neither the method nor its training has it, or the value does not fit.
    #[error("`search.{name}` = {value} does not fit method `{method}`: {problem}")]
    Setting {
        /// The setting.
        name: String,
        /// The value.
        value: String,
        /// The method.
        method: String,
        /// Why not.
        problem: String,
    },
}

impl Classified for SpaceError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

/// What a search goes over by default: the learning rate, and what the method is sensitive to.
///
/// `alpha`, the weight of the labels, stays as it is for every method.
#[must_use]
pub fn default_space(method: &MethodSettings, train: &TrainSettings) -> SearchSpace {
    let choice =
        |values: &[i64]| Dimension::Choice(values.iter().map(|&value| Value::Integer(value)).collect());
    let softness = || Dimension::Choice([1.0, 2.0, 4.0].map(Value::Float).to_vec());
    let range = |low, high| Dimension::Range(Range { low, high });
    let around = |value: f64| range(0.01 * value, 10.0 * value);
    let rate = f64::from(train.learning_rate);
    let own: Vec<(&str, Dimension)> = match method {
        MethodSettings::Ce(_) => {
            let epochs = [train.epochs.div_ceil(2), train.epochs, 2 * train.epochs];
            let smoothing = [0.0, 0.05, 0.1].map(Value::Float).to_vec();
            vec![
                ("epochs", choice(&epochs.map(|epochs| i64::try_from(epochs).unwrap_or(i64::MAX)))),
                ("label_smoothing", Dimension::Choice(smoothing)),
            ]
        }
        MethodSettings::Kd(_)
        | MethodSettings::Dist(_)
        | MethodSettings::Lskd(_)
        | MethodSettings::Subclass(_) => {
            vec![("temperature", softness())]
        }
        MethodSettings::Dkd(_) => {
            vec![("temperature", softness()), ("non_target_weight", choice(&[1, 2, 8]))]
        }
        // Sharp splits pay: a prototype was best at 0.05 to 0.25 deviations.
        MethodSettings::Lelp(_) | MethodSettings::RandomProjection(_) => {
            vec![("subclasses", choice(&[2, 4, 8, 16])), ("beta", range(0.04, 0.4))]
        }
        MethodSettings::RandomSubclass(_) => {
            vec![("subclasses", choice(&[2, 4, 8, 16])), ("beta", range(0.04, 1.0))]
        }
        MethodSettings::Kmeans(_) | MethodSettings::Agglomerative(_) | MethodSettings::TsneKmeans(_) => {
            vec![("subclasses", choice(&[4, 8, 16, 32])), ("beta", range(0.05, 0.5))]
        }
        MethodSettings::Oracle(_) => vec![("beta", range(0.1, 0.5))],
        MethodSettings::Fitnet(settings) => vec![("weight", around(settings.term.weight))],
        MethodSettings::Vid(settings) => vec![("weight", around(settings.term.weight))],
        MethodSettings::Rkd(settings) => vec![
            ("distance_weight", around(settings.term.distance_weight)),
            ("angle_weight", around(settings.term.angle_weight)),
        ],
        MethodSettings::Crd(settings) => vec![("weight", around(settings.term.weight))],
    };
    let all = own.into_iter().chain([("learning_rate", range(0.5 * rate, 4.0 * rate))]);
    all.map(|(name, dimension)| (name.to_owned(), dimension)).collect()
}

/// `count` trials: the settings as they are, then draws from `space`.
///
/// Every setting is drawn by itself, one value from each of `count - 1` equal parts of its range, in an order that its
/// name decides (Latin hypercube sampling, `McKay`, Beckman and Conover 1979): few trials cover each range, and two
/// methods that share a setting get the same draws of it. Drawn numbers have three digits.
pub fn trials(first: &Trial, space: &SearchSpace, count: usize) -> Result<Vec<Trial>, SpaceError> {
    check(space)?;
    let draws = count.saturating_sub(1);
    let orders: Vec<(&String, &Dimension, Vec<usize>)> =
        space.iter().map(|(name, dimension)| (name, dimension, order(name, draws))).collect();
    let drawn = (0..draws).map(|trial| {
        orders.iter().try_fold(first.clone(), |settings, (name, dimension, order)| {
            settings.with(name, dimension, (order[trial] as f64 + 0.5) / draws as f64)
        })
    });
    [Ok(first.clone())].into_iter().chain(drawn).take(count).collect()
}

/// Refuses spaces without values.
pub fn check(space: &SearchSpace) -> Result<(), SpaceError> {
    for (name, dimension) in space {
        match dimension {
            Dimension::Choice(values) if values.is_empty() => {
                return Err(SpaceError::Empty { name: name.clone() });
            }
            &Dimension::Range(Range { low, high }) if !(low > 0.0 && low <= high && high.is_finite()) => {
                return Err(SpaceError::Range { name: name.clone(), low, high });
            }
            _ => {}
        }
    }
    Ok(())
}

/// `0..count` in an order of its own for each name.
fn order(name: &str, count: usize) -> Vec<usize> {
    let seed = u64::from_str_radix(&sha256(name.as_bytes())[..16], 16).expect("a hash is hexadecimal");
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    order.shuffle(&mut random as &mut dyn Rng);
    order
}

impl Trial {
    /// These settings with `name` set to `value`.
    pub fn set(&self, name: &str, value: Value) -> Result<Self, SpaceError> {
        self.with(name, &Dimension::Choice(vec![value]), 0.0)
    }

    /// These settings with `name` at `place`, 0 to 1, of `dimension`.
    fn with(&self, name: &str, dimension: &Dimension, place: f64) -> Result<Self, SpaceError> {
        let mut train = table(&self.train);
        let mut method = table(&self.method);
        let added = name.split_once('.').and_then(|(added, key)| {
            let entries = method.get_mut("add")?.as_array_mut()?;
            let entry = entries.iter_mut().filter_map(Value::as_table_mut);
            Some((entry.into_iter().find(|entry| entry["method"].as_str() == Some(added))?, key))
        });
        let value = match added {
            Some((entry, key)) => set(entry, key, dimension, place),
            None if train.contains_key(name) && name != "seed" => set(&mut train, name, dimension, place),
            None => set(&mut method, name, dimension, place),
        };
        let wrong = |problem: toml::de::Error| SpaceError::Setting {
            name: name.to_owned(),
            value: value.to_string(),
            method: self.method.name(),
            problem: problem.message().to_owned(),
        };
        let method: Objective = Value::Table(method).try_into().map_err(wrong)?;
        let train: TrainSettings = Value::Table(train).try_into().map_err(wrong)?;
        let out_of_range = |problem: String| SpaceError::Setting {
            name: name.to_owned(),
            value: value.to_string(),
            method: self.method.name(),
            problem,
        };
        method.check().map_err(|error| out_of_range(error.to_string()))?;
        train.check().map_err(|error| out_of_range(error.to_string()))?;
        Ok(Self { method, train })
    }
}

/// Sets `key` to the value at `place` of `dimension`, and gives it.
fn set(table: &mut Table, key: &str, dimension: &Dimension, place: f64) -> Value {
    let value = match dimension {
        #[allow(clippy::cast_sign_loss, reason = "a place is not below 0")]
        Dimension::Choice(values) => {
            values[((place * values.len() as f64) as usize).min(values.len() - 1)].clone()
        }
        Dimension::Range(Range { low, high }) => {
            let number = (low.ln() + place * (high.ln() - low.ln())).exp();
            match table.get(key) {
                Some(Value::Integer(_)) => Value::Integer(number.round() as i64),
                _ => Value::Float(three_digits(number)),
            }
        }
    };
    table.insert(key.to_owned(), value.clone());
    value
}

/// The number with three digits that count.
fn three_digits(number: f64) -> f64 {
    format!("{number:.2e}").parse().expect("a formatted number is one")
}

fn table(settings: &impl Serialize) -> Table {
    Table::try_from(settings).expect("settings are tables of numbers and words")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn first(method: MethodSettings) -> Trial {
        Trial { method: method.into(), train: TrainSettings::ngram() }
    }

    #[test]
    fn every_method_gets_the_same_budget_of_different_trials_its_defaults_first() {
        for method in MethodSettings::all() {
            let first = first(method);
            let space = default_space(&method, &first.train);
            let trials = trials(&first, &space, 12).unwrap();
            assert_eq!(trials.len(), 12);
            assert_eq!(trials[0], first);
            for (place, trial) in trials.iter().enumerate() {
                assert_eq!(trial.method.name(), method.name());
                assert!(!trials[..place].contains(trial), "{trial:?}");
            }
        }
    }

    #[test]
    fn methods_that_share_a_setting_get_the_same_draws_of_it() {
        let rates = |method: MethodSettings| -> Vec<f32> {
            let first = first(method);
            let trials = trials(&first, &default_space(&method, &first.train), 9).unwrap();
            trials.iter().map(|trial| trial.train.learning_rate).collect()
        };
        let [ce, kd, ..] = MethodSettings::all();
        assert_eq!(rates(ce), rates(kd));
    }

    #[test]
    fn draws_cover_a_range_part_by_part() {
        let [_, kd, ..] = MethodSettings::all();
        let space = SearchSpace::from([("alpha".into(), Dimension::Range(Range { low: 0.01, high: 1.0 }))]);
        let trials = trials(&first(kd), &space, 5).unwrap();
        let drawn: BTreeSet<String> =
            trials[1..].iter().map(|trial| trial.method.base.alpha().to_string()).collect();
        // Middles of four parts of two decades.
        assert_eq!(drawn, ["0.0178", "0.0562", "0.178", "0.562"].map(String::from).into());
    }

    #[test]
    fn settings_of_what_is_added_have_its_name_before_them() {
        let method = toml::from_str("method = 'kd'\n[[add]]\nmethod = 'fitnet'").unwrap();
        let first = Trial { method, train: TrainSettings::ngram() };
        let space = SearchSpace::from([("fitnet.weight".into(), Dimension::Choice(vec![Value::Float(3.0)]))]);
        let trials = trials(&first, &space, 2).unwrap();
        assert!(format!("{:?}", trials[1].method.add).contains("weight: 3.0"));
    }

    #[test]
    fn a_space_that_does_not_fit_is_told_with_its_setting() {
        let [ce, ..] = MethodSettings::all();
        let tell = |name: &str, dimension| {
            trials(&first(ce), &SearchSpace::from([(name.to_owned(), dimension)]), 2).unwrap_err().to_string()
        };
        let choice = |value: f64| Dimension::Choice(vec![Value::Float(value)]);
        assert_eq!(
            tell("beta", choice(0.1)),
            "`search.beta` = 0.1 does not fit method `ce`: unknown field `beta`, expected `label_smoothing` or `balanced`"
        );
        assert_eq!(
            tell("label_smoothing", choice(2.0)),
            "`search.label_smoothing` = 2.0 does not fit method `ce`: label_smoothing is 2: use 0 or more, below 1"
        );
        assert_eq!(
            tell("epochs", Dimension::Choice(Vec::new())),
            "`search.epochs` is an empty list: give one value or more, or leave it out"
        );
        let range = Dimension::Range(Range { low: 0.0, high: 1.0 });
        assert_eq!(
            tell("epochs", range),
            "`search.epochs` goes from 0 to 1: use finite numbers above 0, the smaller first"
        );
    }
}

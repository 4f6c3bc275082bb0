//! What a search goes over: settings of a method and its training, each with values to draw from.

use std::collections::BTreeMap;

use lelp::{Classified, ErrorKind, Parameter, Search, Values};
use lelp_data::storage::sha256;
use lelp_method::{MethodError, MethodSettings, Objective};
use lelp_train::training::{TrainSettings, TrainSettingsError};
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

impl Dimension {
    /// Leaves out what is above `most`; where no choice would be left, `most` is the one.
    pub(crate) fn limit(&mut self, most: usize) {
        match self {
            Self::Choice(values) => {
                let fits = |value: &Value| {
                    value
                        .as_integer()
                        .is_none_or(|number| usize::try_from(number).is_ok_and(|number| number <= most))
                };
                values.retain(fits);
                if values.is_empty() {
                    values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
                }
            }
            Self::Range(Range { low, high }) if *low <= most as f64 => *high = high.min(most as f64),
            Self::Range(_) => {}
        }
    }
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
        problem: Box<ValueProblem>,
    },
}

/// Why a value does not fit a setting.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ValueProblem {
    /// There is no such setting, or it has values of another type.
    #[error("{}", .0.message())]
    Unknown(toml::de::Error),
    /// The method does not allow it.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// Training does not allow it.
    #[error(transparent)]
    Training(#[from] TrainSettingsError),
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
    let values = method.to_json();
    let described = method.parameters();
    let own = described.iter().filter_map(|parameter| {
        let dimension = dimension(parameter, values.get(parameter.name))?;
        Some((parameter.name.to_owned(), dimension))
    });
    let around = |factor: f64| factor * f64::from(train.learning_rate);
    let rate = Dimension::Range(Range { low: around(0.5), high: around(4.0) });
    let mut space: SearchSpace = own.chain([("learning_rate".to_owned(), rate)]).collect();
    if method.searches_epochs() {
        let epochs = [train.epochs.div_ceil(2), train.epochs, 2 * train.epochs];
        let epochs = epochs.map(|epochs| Value::Integer(i64::try_from(epochs).unwrap_or(i64::MAX)));
        space.insert("epochs".to_owned(), Dimension::Choice(epochs.to_vec()));
    }
    space
}

/// What a search tries of a setting that is `value` now; none where it stays as it is.
fn dimension(parameter: &Parameter, value: Option<&serde_json::Value>) -> Option<Dimension> {
    match parameter.search {
        Search::Fixed => None,
        Search::Choices(values) => {
            let whole = parameter.values == Values::Count;
            let choice =
                |&value: &f64| if whole { Value::Integer(value as i64) } else { Value::Float(value) };
            Some(Dimension::Choice(values.iter().map(choice).collect()))
        }
        Search::LogRange { low, high } => Some(Dimension::Range(Range { low, high })),
        Search::AroundDefault { low, high } => {
            let value = value?.as_f64()?;
            Some(Dimension::Range(Range { low: low * value, high: high * value }))
        }
    }
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
        let wrong = |problem: ValueProblem| SpaceError::Setting {
            name: name.to_owned(),
            value: value.to_string(),
            method: self.method.name(),
            problem: Box::new(problem),
        };
        let unknown = |problem| wrong(ValueProblem::Unknown(problem));
        let method: Objective = Value::Table(method).try_into().map_err(unknown)?;
        let train: TrainSettings = Value::Table(train).try_into().map_err(unknown)?;
        method.check().map_err(|problem| wrong(problem.into()))?;
        train.check().map_err(|problem| wrong(problem.into()))?;
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

    use lelp_method::{CeSettings, KdSettings, MethodSettings};

    use super::*;

    fn first(method: MethodSettings) -> Trial {
        Trial { method: method.into(), train: TrainSettings::ngram() }
    }

    #[test]
    fn every_method_gets_the_same_budget_of_different_trials_its_defaults_first() {
        for method in MethodSettings::all() {
            let first = first(method.clone());
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

    /// What is tried of every method unless a recipe says otherwise: the budget of a comparison depends on it.
    #[test]
    fn the_space_of_every_method_is_that_of_published_comparisons() {
        let train = TrainSettings { epochs: 15, learning_rate: 0.5, ..TrainSettings::ngram() };
        let (softness, softly) = ("[1.0, 2.0, 4.0]", "temperature [1.0, 2.0, 4.0]");
        let weight = "split_weight [0.1, 0.3, 1.0]";
        let split =
            |subclasses: &str, low: f64, high: f64| format!("beta {low} to {high}, {weight}, {subclasses}");
        let (few, many) = ("subclasses [2, 4, 8, 16]", "subclasses [4, 8, 16, 32]");
        let expected = [
            ("ce", "epochs [8, 15, 30], label_smoothing [0.0, 0.05, 0.1]".to_owned()),
            ("kd", softly.to_owned()),
            ("dkd", format!("non_target_weight [1.0, 2.0, 8.0], temperature {softness}")),
            ("dist", softly.to_owned()),
            ("lskd", softly.to_owned()),
            ("fitnet", "weight 1 to 1000".to_owned()),
            ("vid", "weight 0.01 to 10".to_owned()),
            ("rkd", "angle_weight 0.5 to 500, distance_weight 0.25 to 250".to_owned()),
            ("crd", "weight 0.008 to 8".to_owned()),
            ("lelp", split(few, 0.04, 0.4)),
            ("kmeans", split(many, 0.05, 0.5)),
            ("agglomerative", split(many, 0.05, 0.5)),
            ("tsne-kmeans", split(many, 0.05, 0.5)),
            ("random-projection", split(few, 0.04, 0.4)),
            ("random-subclass", split(few, 0.04, 1.0)),
            ("oracle", format!("beta 0.1 to 0.5, {weight}")),
            ("subclass", format!("{weight}, {softly}")),
        ];
        let found = MethodSettings::all().into_iter().map(|method| {
            let mut space = default_space(&method, &train);
            let rate = space.remove("learning_rate").unwrap();
            assert_eq!(rate, Dimension::Range(Range { low: 0.25, high: 2.0 }));
            let text = |(name, dimension): (&String, &Dimension)| match dimension {
                Dimension::Choice(values) => {
                    let values: Vec<String> = values.iter().map(Value::to_string).collect();
                    format!("{name} [{}]", values.join(", "))
                }
                Dimension::Range(Range { low, high }) => format!("{name} {low} to {high}"),
            };
            (method.name(), space.iter().map(text).collect::<Vec<_>>().join(", "))
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn methods_that_share_a_setting_get_the_same_draws_of_it() {
        let rates = |method: MethodSettings| -> Vec<f32> {
            let first = first(method.clone());
            let trials = trials(&first, &default_space(&method, &first.train), 9).unwrap();
            trials.iter().map(|trial| trial.train.learning_rate).collect()
        };
        assert_eq!(rates(CeSettings::default().into()), rates(KdSettings::default().into()));
    }

    #[test]
    fn draws_cover_a_range_part_by_part() {
        let kd = KdSettings::default().into();
        let space = SearchSpace::from([("alpha".into(), Dimension::Range(Range { low: 0.01, high: 1.0 }))]);
        let trials = trials(&first(kd), &space, 5).unwrap();
        let drawn: BTreeSet<String> =
            trials[1..].iter().map(|trial| trial.method.base.alpha().get().to_string()).collect();
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
        let ce = first(CeSettings::default().into());
        let tell = |name: &str, dimension| {
            trials(&ce, &SearchSpace::from([(name.to_owned(), dimension)]), 2).unwrap_err().to_string()
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

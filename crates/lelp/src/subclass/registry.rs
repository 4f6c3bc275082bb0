//! Target makers by name: settings from names and values, and the settings of any maker as JSON.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

use crate::parameter::SettingError;
use crate::parameter::Values;
use crate::subclass::maker::{MakerSettings, NAME_KEY, SEED_KEY};
use crate::subclass::makers::{Entry, MAKERS};
use crate::{Classified, ErrorKind};

/// Why no target maker has these settings.
#[derive(Debug, ThisError)]
pub enum MakerSettingsError {
    /// No maker of the name.
    #[error("no split is called `{name}`; there are {}", .known.join(", "))]
    UnknownMaker {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A setting that the maker does not have.
    #[error("split `{maker}` has no setting `{setting}`; it has {}", none_or(known))]
    UnknownSetting {
        /// The maker.
        maker: &'static str,
        /// The setting.
        setting: String,
        /// The settings it has.
        known: Vec<&'static str>,
    },
    /// A number out of its range.
    #[error(transparent)]
    Range(#[from] SettingError),
    /// A value of another type, or an unknown word.
    #[error("settings of split `{maker}` do not read")]
    Value {
        /// The maker.
        maker: &'static str,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
}

impl Classified for MakerSettingsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

fn none_or(known: &[&str]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

impl MakerSettings {
    /// Each maker with its defaults, in the order of help and reports.
    pub fn all() -> impl Iterator<Item = Self> {
        MAKERS.iter().map(|entry| (entry.default)())
    }

    /// The maker of a name, with its defaults.
    ///
    /// # Errors
    /// [`MakerSettingsError::UnknownMaker`] lists the names there are.
    pub fn named(name: &str) -> Result<Self, MakerSettingsError> {
        entry(name).map(|entry| (entry.default)())
    }

    /// The maker of a name with some of its [parameters](super::TargetMaker::parameters) given; the others have their
    /// defaults, as has the seed.
    ///
    /// # Errors
    /// [`MakerSettingsError`] for an unknown name or setting, or a value that the setting does not allow.
    pub fn with_parameters(name: &str, given: Map<String, Value>) -> Result<Self, MakerSettingsError> {
        given.into_iter().try_fold(Self::named(name)?, |maker, (setting, value)| maker.with(&setting, value))
    }

    /// The same with one of its [parameters](super::TargetMaker::parameters) set.
    ///
    /// # Errors
    /// [`MakerSettingsError`] if the maker has no such setting or does not allow the value.
    pub fn with(&self, setting: &str, value: impl Into<Value>) -> Result<Self, MakerSettingsError> {
        let maker = self.name();
        let Some(parameter) = self.parameters().iter().find(|parameter| parameter.name == setting) else {
            let known = self.parameters().iter().map(|parameter| parameter.name).collect();
            return Err(MakerSettingsError::UnknownSetting { maker, setting: setting.to_owned(), known });
        };
        let mut value = value.into();
        if let Some(number) = value.as_f64() {
            parameter.check(number)?;
            if parameter.values == Values::Count && number.fract() == 0.0 {
                // A search draws floating-point numbers.
                #[allow(clippy::cast_sign_loss, reason = "a count is 1 or more")]
                let count = number as u64;
                value = count.into();
            }
        }
        let mut settings = self.to_json();
        settings.insert(setting.to_owned(), value);
        (entry(maker)?.read)(settings).map_err(|source| MakerSettingsError::Value { maker, source })
    }

    /// The same with `seed` for whatever the maker draws; nothing changes where it draws nothing.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut settings = self.to_json();
        if !settings.contains_key(SEED_KEY) {
            return self.clone();
        }
        settings.insert(SEED_KEY.to_owned(), seed.into());
        let entry = entry(self.name()).expect("settings are of a registered maker");
        (entry.read)(settings).expect("settings read back what they wrote")
    }

    /// The values of its [parameters](super::TargetMaker::parameters): what [`with_parameters`](Self::with_parameters) takes.
    #[must_use]
    pub fn parameter_values(&self) -> Map<String, Value> {
        let mut settings = self.to_json();
        settings.retain(|name, _| self.parameters().iter().any(|parameter| parameter.name == name));
        settings
    }
}

fn entry(name: &str) -> Result<&'static Entry, MakerSettingsError> {
    MAKERS.iter().find(|entry| (entry.default)().name() == name).ok_or_else(|| {
        let known = MakerSettings::all().map(|maker| maker.name()).collect();
        MakerSettingsError::UnknownMaker { name: name.to_owned(), known }
    })
}

impl<'de> Deserialize<'de> for MakerSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Map::<String, Value>::deserialize(deserializer)?;
        let name = settings.remove(NAME_KEY).ok_or_else(|| D::Error::missing_field(NAME_KEY))?;
        let name = name.as_str().ok_or_else(|| D::Error::custom("`split` is the name of a target maker"))?;
        let entry = entry(name).map_err(D::Error::custom)?;
        (entry.read)(settings).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::parameter::Search;

    #[test]
    fn every_maker_describes_all_of_its_settings_and_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = MakerSettings::all().map(|maker| maker.name()).collect();
        assert_eq!(names.len(), MAKERS.len());
        for maker in MakerSettings::all() {
            let described: BTreeSet<&str> =
                maker.parameters().iter().map(|parameter| parameter.name).collect();
            let settings = maker.to_json();
            let has: BTreeSet<&str> =
                settings.keys().map(String::as_str).filter(|name| *name != SEED_KEY).collect();
            assert_eq!(described, has, "{}", maker.name());
            assert_eq!(maker.beta().name, "beta");
            assert!(maker.beta().check(maker.default_beta().get()).is_ok());
            for text in [maker.summary(), maker.source()] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            }
            for parameter in maker.parameters().iter().chain([&maker.beta()]) {
                assert!(!parameter.help.is_empty() && !parameter.help.ends_with('.'), "{}", parameter.help);
                if let Search::Choices(values) = parameter.search {
                    assert!(values.iter().all(|&value| parameter.check(value).is_ok()));
                }
                if let (Values::Words(words), Some(word)) = (parameter.values, settings.get(parameter.name)) {
                    assert!(words.iter().any(|(known, _)| *word == json!(known)), "{word}");
                }
            }
        }
    }

    #[test]
    fn settings_read_back_and_those_left_out_have_their_defaults() {
        for maker in MakerSettings::all() {
            let json = serde_json::to_string(&maker).unwrap();
            assert_eq!(serde_json::from_str::<MakerSettings>(&json).unwrap(), maker);
            let name = json!({ "split": maker.name() });
            assert_eq!(serde_json::from_value::<MakerSettings>(name).unwrap(), maker);
            let again = MakerSettings::with_parameters(maker.name(), maker.parameter_values()).unwrap();
            assert_eq!(again, maker);
            let seeded = maker.with_seed(7);
            assert_eq!(seeded == maker, !maker.to_json().contains_key("seed"), "{seeded:?}");
        }
    }

    #[test]
    fn unknown_names_settings_and_values_are_refused_by_name() {
        let text = |error: MakerSettingsError| crate::ErrorChain(&error).to_string();
        let lelp = MakerSettings::named("lelp").unwrap();
        assert_eq!(
            text(MakerSettings::named("ward").unwrap_err()),
            "no split is called `ward`; there are lelp, kmeans, agglomerative, tsne-kmeans, random-projection, \
             random-subclass, oracle"
        );
        assert_eq!(lelp.with("subclasses", 8.0).unwrap(), lelp.with("subclasses", 8).unwrap());
        assert_eq!(text(lelp.with("subclasses", 0).unwrap_err()), "subclasses is 0: use 1 or more");
        assert_eq!(
            text(lelp.with("starts", 3).unwrap_err()),
            "split `lelp` has no setting `starts`; it has subclasses, null_space, rotation"
        );
        assert_eq!(
            text(MakerSettings::named("oracle").unwrap().with("subclasses", 3).unwrap_err()),
            "split `oracle` has no setting `subclasses`; it has none"
        );
        let word = text(lelp.with("rotation", "left").unwrap_err());
        assert!(word.starts_with("settings of split `lelp` do not read: unknown variant `left`"), "{word}");
        for wrong in [json!({ "split": "lelp", "starts": 2 }), json!({ "split": 3 }), json!({ "seed": 3 })] {
            assert!(serde_json::from_value::<MakerSettings>(wrong).is_err());
        }
    }
}

//! The teachers of a recipe.

use std::num::NonZeroUsize;

use lelp_train::encoder::EncoderTrainSettings;
use lelp_train::head::HeadSettings;
use lelp_train::training::TrainSettings;
use serde::de::Error;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::table::{completed, take};

/// A teacher.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub struct TeacherEntry {
    /// Its name in tables.
    pub name: String,
    /// Where it comes from.
    pub source: TeacherSource,
    /// By whose embeddings classes are split; by its own where there is none.
    pub split: Option<SplitEntry>,
}

/// Embeddings that classes are split by in place of the teacher's. `{data}` in a folder stands for the name of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitEntry {
    /// Those of signals on the training file.
    Signals(String),
    /// Those of a frozen encoder: a folder, or a model's name.
    Encoder(String),
}

/// Where a teacher comes from. `{data}` in a folder stands for the name of the data set.
#[derive(Debug, Clone, PartialEq)]
pub enum TeacherSource {
    /// It is trained here, for each data set; what says nothing else is.
    Trained(TeacherTraining),
    /// It is there already, in this folder.
    Folder(String),
    /// It is known by its signals alone.
    Signals(SignalsEntry),
}

/// How a teacher is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherTraining {
    /// The encoder that reads texts: a folder, or a model's name. Vectors, numbers and categories need none.
    pub encoder: Option<String>,
    /// Which weights are trained.
    #[serde(default)]
    pub tune: Tune,
    /// Units of the hidden layer of a head on a frozen encoder or on columns; 0 for a linear head.
    pub hidden: Option<usize>,
    /// Numbers that each word of a category is known by, of a head on columns.
    pub category_width: Option<NonZeroUsize>,
    /// Tokens kept of each text.
    pub max_length: Option<NonZeroUsize>,
    /// Outputs of each class, for the method `subclass`.
    pub subclasses: Option<usize>,
    /// How an encoder is trained that is not frozen.
    pub network: Option<EncoderTrainSettings>,
    /// How training goes.
    pub train: TrainSettings,
}

/// Which of the weights of a teacher that is trained are trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tune {
    /// The head, on a frozen encoder.
    #[default]
    Head,
    /// Encoder and head together.
    All,
}

/// Folders of a teacher's signals.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalsEntry {
    /// On the training file.
    #[serde(rename = "signals")]
    pub train: String,
    /// On the test file.
    #[serde(rename = "test_signals")]
    pub test: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderEntry {
    folder: String,
}

impl TryFrom<Table> for TeacherEntry {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let name: String = take(&mut table, "name")?.ok_or_else(|| Self::Error::missing_field("name"))?;
        let split = match (take(&mut table, "split_signals")?, take(&mut table, "split_encoder")?) {
            (None, None) => None,
            (Some(folder), None) => Some(SplitEntry::Signals(folder)),
            (None, Some(encoder)) => Some(SplitEntry::Encoder(encoder)),
            (Some(_), Some(_)) => {
                return Err(Self::Error::custom(format!(
                    "teacher `{name}`: has `split_signals` and `split_encoder`; give one of them"
                )));
            }
        };
        let ways = ["encoder", "folder", "signals"];
        let given: Vec<&str> = ways.into_iter().filter(|way| table.contains_key(*way)).collect();
        let source = match given.as_slice() {
            [] | ["encoder"] => TeacherTraining::read(table).map(TeacherSource::Trained),
            ["folder"] => {
                Value::Table(table).try_into().map(|FolderEntry { folder }| TeacherSource::Folder(folder))
            }
            ["signals"] => Value::Table(table).try_into().map(TeacherSource::Signals),
            _ => Err(Self::Error::custom(format!("has {}, but needs one at most", given.join(" and ")))),
        };
        let source = source
            .map_err(|problem| Self::Error::custom(format!("teacher `{name}`: {}", problem.message())))?;
        Ok(Self { name, source, split })
    }
}

impl TeacherTraining {
    /// Reads the keys of a teacher that is trained; what `train` leaves open has the defaults of what is trained.
    fn read(mut table: Table) -> Result<Self, toml::de::Error> {
        let all = table.get("tune").and_then(Value::as_str) == Some("all");
        let defaults = if all { TrainSettings::encoder() } else { TrainSettings::head() };
        let train = take(&mut table, "train")?;
        table.insert("train".to_owned(), completed(train, defaults));
        let training: Self = Value::Table(table).try_into()?;
        match training {
            Self { tune: Tune::All, hidden: Some(_), .. }
            | Self { tune: Tune::All, category_width: Some(_), .. } => {
                Err(Error::custom("`hidden` and `category_width` are for `tune = \"head\"`"))
            }
            Self { tune: Tune::All, encoder: None, .. } => {
                Err(Error::custom("`tune = \"all\"` is for a teacher with an `encoder`"))
            }
            Self { encoder: None, max_length: Some(_), .. } => {
                Err(Error::custom("`max_length` is for a teacher with an `encoder`"))
            }
            Self { tune: Tune::Head, network: Some(_), .. } => {
                Err(Error::custom("`network` is for `tune = \"all\"`"))
            }
            _ => Ok(training),
        }
    }

    /// Settings of the head on a frozen encoder.
    #[must_use]
    pub fn head(&self) -> HeadSettings {
        let default = HeadSettings::default();
        let hidden = self.hidden.map_or(default.hidden, NonZeroUsize::new);
        HeadSettings { hidden, optimizer: self.train.optimizer, ..default }
    }
}

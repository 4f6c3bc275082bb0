//! Everything that decides what a student becomes, as one value: a recipe reads it and `run.json` records it.

use std::path::PathBuf;

use lelp_infer::ngram::{CharacterNgrams, FeatureSettings, NgramConfig};
use serde::{Deserialize, Serialize};

use crate::data::Columns;
use crate::method::Combination;
use crate::run::TrainSettings;

/// Settings of a distillation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillSettings {
    /// A folder with `train`, `validation` and `test` files, or a single file.
    pub data: PathBuf,
    /// The teacher's signals on the training file; `ce` does without.
    pub signals: Option<PathBuf>,
    /// Names of the columns.
    #[serde(default)]
    pub columns: ColumnSettings,
    /// What the student is trained to match.
    pub distill: Combination,
    /// What the student is.
    #[serde(default)]
    pub model: StudentSettings,
    /// How it is trained.
    #[serde(default)]
    pub train: TrainSettings,
}

/// Names of the columns, and of the classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnSettings {
    /// Column of the text; `text` by default.
    pub text: Option<String>,
    /// Column of the second text; `text_pair`, where there is one, by default.
    pub pair: Option<String>,
    /// Column of the label; `label`, where there is one, by default.
    pub label: Option<String>,
    /// Column of fine labels, for `oracle`.
    pub fine: Option<String>,
    /// Names of the classes, in order; by default as the training file has them.
    pub labels: Option<Vec<String>>,
}

impl ColumnSettings {
    /// The columns as readers take them.
    #[must_use]
    pub fn columns(&self) -> Columns {
        Columns::named(self.text.clone(), self.pair.clone(), self.label.clone())
    }
}

/// What a student is: a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "student", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StudentSettings {
    /// Hashed words and bigrams over a mean-pooled table.
    Ngram(NgramOptions),
}

impl Default for StudentSettings {
    fn default() -> Self {
        Self::Ngram(NgramOptions::default())
    }
}

/// Shape of an n-gram student, and how it is kept from learning by heart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NgramOptions {
    /// Columns of the table.
    pub width: usize,
    /// Units of the hidden `ReLU` layer; 0 for none.
    pub hidden: usize,
    /// Rows of the table, a power of two.
    pub buckets: usize,
    /// Shortest character n-gram; 0 for no character n-grams.
    pub min_characters: usize,
    /// Longest character n-gram.
    pub max_characters: usize,
    /// Probability with which each feature is left out of a training step.
    pub dropout: f32,
    /// Whether the table is saved in 8 bits.
    pub int8: bool,
}

impl Default for NgramOptions {
    fn default() -> Self {
        let config = NgramConfig::new(Vec::new(), 1);
        Self {
            width: config.width,
            hidden: config.hidden,
            buckets: config.features.buckets,
            min_characters: 0,
            max_characters: 0,
            dropout: crate::model::NgramSettings::default().dropout,
            int8: false,
        }
    }
}

impl NgramOptions {
    /// The features of this student.
    #[must_use]
    pub fn features(&self) -> FeatureSettings {
        let (min, max) = (self.min_characters, self.max_characters.max(self.min_characters));
        let characters = (min > 0).then_some(CharacterNgrams { min, max });
        FeatureSettings { buckets: self.buckets, characters, ..FeatureSettings::default() }
    }

    /// The student's configuration for these classes.
    #[must_use]
    pub fn config(&self, labels: Vec<String>, subclasses: usize) -> NgramConfig {
        NgramConfig {
            width: self.width,
            hidden: self.hidden,
            features: self.features(),
            ..NgramConfig::new(labels, subclasses)
        }
    }
}

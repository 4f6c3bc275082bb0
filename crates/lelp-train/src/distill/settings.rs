//! Everything that decides what a student becomes, as one value: a recipe reads it and `run.json` records it.

use std::path::PathBuf;

use lelp_model::ngram::{CharacterNgrams, FeatureSettings, NgramConfig};
use serde::{Deserialize, Serialize};

use super::settings_table::{SettingsTable, SettingsTableError};
use crate::students::{EncoderTrainSettings, HeadSettings};
use crate::training::TrainSettings;
use lelp_data::Columns;
use lelp_method::Objective;
use lelp_network::Device;

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
    pub distill: Objective,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "student", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StudentSettings {
    /// Hashed words and bigrams over a mean-pooled table.
    Ngram(NgramStudentSettings),
    /// A text encoder.
    Encoder(EncoderOptions),
    /// A head with a hidden layer on a frozen text encoder.
    Mlp(MlpStudentSettings),
}

impl Default for StudentSettings {
    fn default() -> Self {
        Self::Ngram(NgramStudentSettings::default())
    }
}

impl StudentSettings {
    /// Its kind, as in recipes.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ngram(_) => "ngram",
            Self::Encoder(_) => "encoder",
            Self::Mlp(_) => "mlp",
        }
    }

    /// How a student of this kind is trained where nobody says otherwise.
    #[must_use]
    pub fn training(&self) -> TrainSettings {
        Self::training_of(self.name())
    }

    fn training_of(name: &str) -> TrainSettings {
        match name {
            "encoder" => TrainSettings::encoder(),
            "mlp" => TrainSettings::head(),
            _ => TrainSettings::ngram(),
        }
    }
}

impl DistillSettings {
    /// The settings of a recipe; what it leaves open of its `train` table takes the defaults of its student.
    pub fn read(mut recipe: SettingsTable) -> Result<Self, SettingsTableError> {
        let training = StudentSettings::training_of(recipe.word("model", "student").unwrap_or_default());
        recipe.fill("train", &training);
        recipe.settings()
    }
}

/// Which layers of a larger encoder a student takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// The lowest.
    #[default]
    Lower,
    /// Every n-th, the top one among them.
    Even,
}

/// Shape of an encoder student, and how it is trained beside what every student has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncoderOptions {
    /// Folder of the teacher or of any encoder, whose layers (or with `scratch` family alone) and tokenizer it takes.
    pub from: PathBuf,
    /// Layers; 0 for as many as `from` has.
    pub layers: usize,
    /// Which layers of `from`.
    pub spacing: Spacing,
    /// Whether it starts from random weights.
    pub scratch: bool,
    /// Width of the hidden vectors, with `scratch`; 0 for that of `from`.
    pub width: usize,
    /// Attention heads, with `scratch`; 0 for those of `from`.
    pub heads: usize,
    /// Width between the feed-forward products, with `scratch`; 0 for that of `from`.
    pub inner: usize,
    /// Tokens kept of each text; 0 for 512, or as many as there are positions.
    pub max_length: usize,
    /// Where it is trained.
    pub device: Device,
    /// See [`EncoderTrainSettings::micro_batch`].
    pub micro_batch: usize,
    /// See [`EncoderTrainSettings::weight_decay`].
    pub weight_decay: f64,
    /// See [`EncoderTrainSettings::clip`].
    pub clip: f64,
    /// See [`EncoderTrainSettings::layer_decay`].
    pub layer_decay: f64,
    /// See [`EncoderTrainSettings::dropout`].
    pub dropout: Option<f32>,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        let EncoderTrainSettings { device, micro_batch, weight_decay, clip, layer_decay, dropout } =
            EncoderTrainSettings::default();
        Self {
            from: PathBuf::new(),
            layers: 0,
            spacing: Spacing::Lower,
            scratch: false,
            width: 0,
            heads: 0,
            inner: 0,
            max_length: 0,
            device,
            micro_batch,
            weight_decay,
            clip,
            layer_decay,
            dropout,
        }
    }
}

impl EncoderOptions {
    /// The part that training reads.
    #[must_use]
    pub fn training(&self) -> EncoderTrainSettings {
        let Self { device, micro_batch, weight_decay, clip, layer_decay, dropout, .. } = *self;
        EncoderTrainSettings { device, micro_batch, weight_decay, clip, layer_decay, dropout }
    }
}

/// Shape of an MLP student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpStudentSettings {
    /// Folder of the encoder whose embeddings it reads.
    pub encoder: PathBuf,
    /// Units of the hidden `ReLU` layer; 0 for a linear student.
    pub hidden: usize,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Tokens kept of each text; 0 for as many as the encoder's folder says.
    pub max_length: usize,
}

impl Default for MlpStudentSettings {
    fn default() -> Self {
        let HeadSettings { hidden, weight_decay, .. } = HeadSettings::default();
        Self { encoder: PathBuf::new(), hidden, weight_decay, max_length: 0 }
    }
}

/// Shape of an n-gram student, and how it is kept from learning by heart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NgramStudentSettings {
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

impl Default for NgramStudentSettings {
    fn default() -> Self {
        let config = NgramConfig::new(Vec::new(), 1);
        Self {
            width: config.width,
            hidden: config.hidden,
            buckets: config.features.buckets,
            min_characters: 0,
            max_characters: 0,
            dropout: crate::students::NgramTrainSettings::default().dropout,
            int8: false,
        }
    }
}

impl NgramStudentSettings {
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

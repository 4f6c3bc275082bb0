//! Settings of an encoder student.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::encoder::EncoderTrainSettings;

/// What stands for the teacher in recipes.
const TEACHER: &str = "{teacher}";

/// Shape of an encoder student, and how it is trained beside what every student has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderStudentSettings {
    /// The encoder whose layers (or with `scratch` family alone) and tokenizer it takes.
    pub from: EncoderChoice,
    /// Layers; as many as `from` has by default.
    #[serde(default)]
    pub layers: Option<NonZeroUsize>,
    /// Which layers of `from`.
    #[serde(default)]
    pub spacing: LayerChoice,
    /// Whether it starts from random weights.
    #[serde(default)]
    pub scratch: bool,
    /// Width of the hidden vectors, with `scratch`; that of `from` by default.
    #[serde(default)]
    pub width: Option<NonZeroUsize>,
    /// Attention heads, with `scratch`; those of `from` by default.
    #[serde(default)]
    pub heads: Option<NonZeroUsize>,
    /// Width between the feed-forward products, with `scratch`; that of `from` by default.
    #[serde(default)]
    pub inner: Option<NonZeroUsize>,
    /// Tokens kept of each text; 512, or as many as there are positions, by default.
    #[serde(default)]
    pub max_length: Option<NonZeroUsize>,
    /// How it is trained.
    #[serde(flatten)]
    pub training: EncoderTrainSettings,
}

/// The encoder that a student is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PathBuf", into = "PathBuf")]
pub enum EncoderChoice {
    /// The teacher; `{teacher}` in recipes.
    Teacher,
    /// That in a folder, or with a name.
    At(PathBuf),
}

/// Which layers of a larger encoder a student takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerChoice {
    /// The lowest.
    #[default]
    Lower,
    /// Every n-th, the top one among them.
    Even,
}

impl From<PathBuf> for EncoderChoice {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == TEACHER { Self::Teacher } else { Self::At(path) }
    }
}

impl From<EncoderChoice> for PathBuf {
    fn from(choice: EncoderChoice) -> Self {
        match choice {
            EncoderChoice::Teacher => Self::from(TEACHER),
            EncoderChoice::At(path) => path,
        }
    }
}

impl EncoderStudentSettings {
    /// All layers of `from`, trained as by default.
    #[must_use]
    pub fn new(from: EncoderChoice) -> Self {
        Self {
            from,
            layers: None,
            spacing: LayerChoice::default(),
            scratch: false,
            width: None,
            heads: None,
            inner: None,
            max_length: None,
            training: EncoderTrainSettings::default(),
        }
    }
}

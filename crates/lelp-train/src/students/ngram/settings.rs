//! Settings of an n-gram student.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lelp_model::ngram::{CharacterNgrams, FeatureSettings, NgramConfig};
use serde::{Deserialize, Serialize};

use super::NgramTrainSettings;
use crate::zero_as_none;

/// Bins of a number by default: coarse enough to be learned from some thousand rows.
const BINS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is above 0");

/// Shape of an n-gram student, and what keeps it from overfitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NgramStudentSettings {
    /// Columns of the table.
    pub width: usize,
    /// Units of the hidden `ReLU` layer, where there is one.
    #[serde(with = "zero_as_none::count")]
    pub hidden: Option<NonZeroUsize>,
    /// Rows of the table, a power of two.
    pub buckets: usize,
    /// Longest run of words that is a feature: 1 for words alone, 2 for pairs too.
    pub word_order: usize,
    /// Shortest character n-gram; words alone by default.
    #[serde(with = "zero_as_none::count")]
    pub min_characters: Option<NonZeroUsize>,
    /// Longest character n-gram; that of `min_characters` by default.
    #[serde(with = "zero_as_none::count")]
    pub max_characters: Option<NonZeroUsize>,
    /// Width of static embeddings beside the table; none by default.
    #[serde(with = "zero_as_none::count")]
    pub static_width: Option<NonZeroUsize>,
    /// The encoder whose vectors static embeddings begin as, a folder or a name; the teacher's own by default.
    pub encoder: Option<PathBuf>,
    /// Most bins of a number.
    pub bins: NonZeroUsize,
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
            word_order: config.features.word_order,
            min_characters: None,
            max_characters: None,
            static_width: None,
            encoder: None,
            bins: BINS,
            dropout: NgramTrainSettings::default().dropout,
            int8: false,
        }
    }
}

impl NgramStudentSettings {
    /// The features of this student.
    #[must_use]
    pub fn features(&self) -> FeatureSettings {
        let characters = self.min_characters.map(|min| {
            let max = self.max_characters.unwrap_or(min).max(min);
            CharacterNgrams { min: min.get(), max: max.get() }
        });
        let &Self { buckets, word_order, .. } = self;
        FeatureSettings { buckets, word_order, characters, ..FeatureSettings::default() }
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

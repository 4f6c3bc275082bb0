//! Settings of a static student.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lelp_model::ngram::TablePrecision;
use lelp_model::static_embeddings::StaticConfig;
use serde::{Deserialize, Serialize};

use super::pretrained::StaticWidth;
use crate::students::ngram::NgramStudentSettings;
use crate::zero_as_none;

/// Width of a piece's vector by default, a third of the columns of a small encoder.
const WIDTH: NonZeroUsize = NonZeroUsize::new(128).expect("128 is above 0");

/// Shape of a static student, and what keeps it from overfitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaticStudentSettings {
    /// The encoder whose vectors it begins with, a folder or a name; the teacher's own by default.
    pub encoder: Option<PathBuf>,
    /// Values of a piece's vector; 128 by default, or as many as the encoder gives where that is fewer.
    pub static_width: Option<NonZeroUsize>,
    /// Units of the hidden `ReLU` layer, where there is one.
    #[serde(with = "zero_as_none::count")]
    pub hidden: Option<NonZeroUsize>,
    /// Probability with which each piece is left out of a training step.
    pub dropout: f32,
    /// Whether the vectors are saved in 8 bits.
    pub int8: bool,
}

impl Default for StaticStudentSettings {
    fn default() -> Self {
        let NgramStudentSettings { hidden, dropout, .. } = NgramStudentSettings::default();
        Self { encoder: None, static_width: None, hidden, dropout, int8: false }
    }
}

impl StaticStudentSettings {
    /// Tokens read of each text.
    pub(super) fn max_tokens() -> usize {
        NgramStudentSettings::default().features().max_tokens
    }

    /// How wide vectors are.
    pub(super) fn width(&self) -> StaticWidth {
        self.static_width.map_or(StaticWidth::UpTo(WIDTH), StaticWidth::Exactly)
    }

    /// The student's configuration for these classes, with vectors of `width` values.
    pub(super) fn config(&self, labels: Vec<String>, subclasses: usize, width: usize) -> StaticConfig {
        let (hidden, max_tokens) = (self.hidden, Self::max_tokens());
        let table = TablePrecision::F32;
        StaticConfig { labels, subclasses, width, hidden, table, max_tokens }
    }
}

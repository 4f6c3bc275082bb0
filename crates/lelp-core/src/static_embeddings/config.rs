//! What a static student looks like, as `config.json` tells it.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::ngram::{NgramConfigError, TablePrecision, check_labels, size};

/// Shape and labels of a static student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticConfig {
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// Outputs of each class; those of class `c` start at `c * subclasses`.
    pub subclasses: usize,
    /// Values of a piece's vector.
    pub width: usize,
    /// Units of the hidden `ReLU` layer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<NonZeroUsize>,
    /// How the vectors are stored: in 32 or in 8 bits.
    pub table: TablePrecision,
    /// Tokens read of each text.
    pub max_tokens: usize,
}

impl StaticConfig {
    /// Most tokens that may be read of a text.
    const MOST_TOKENS: usize = 1 << 20;

    /// Checks labels and sizes.
    ///
    /// # Errors
    /// [`NgramConfigError`], as for n-gram students.
    pub fn check(&self) -> Result<(), NgramConfigError> {
        check_labels(&self.labels)?;
        size("width", self.width, 1)?;
        size("hidden", self.hidden.map_or(1, NonZeroUsize::get), 1)?;
        size("subclasses", self.subclasses, 1)?;
        size("labels x subclasses", self.labels.len().saturating_mul(self.subclasses), 2)?;
        let (name, value, least, most) = ("max_tokens", self.max_tokens, 1, Self::MOST_TOKENS);
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(NgramConfigError::Size { name, value, least, most })
        }
    }

    /// Outputs of the last layer, `classes * subclasses`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.labels.len() * self.subclasses
    }
}

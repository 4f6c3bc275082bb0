//! What an n-gram student looks like, as `config.json` tells it.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::columns::{ColumnFeatures, NgramColumn, NgramColumnsError};
use super::features::{FeatureSettings, FeatureSettingsError};

/// How the table is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TablePrecision {
    /// Four bytes a value.
    #[default]
    F32,
    /// One byte a value, and a scale for each row.
    Int8,
    /// As `Int8`, but most buckets share one row: a bit says which have one of their own.
    #[serde(rename = "pruned-int8")]
    PrunedInt8,
    /// As `PrunedInt8`, with half a byte a value.
    #[serde(rename = "pruned-int4")]
    PrunedInt4,
}

impl TablePrecision {
    /// Its name, as in `config.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::PrunedInt8 => "pruned-int8",
            Self::PrunedInt4 => "pruned-int4",
        }
    }

    /// How static embeddings beside such a table are stored: in 32 bits, or in 8.
    #[must_use]
    pub fn of_static_embeddings(self) -> Self {
        if self == Self::F32 { Self::F32 } else { Self::Int8 }
    }

    /// Bytes of a row of `width` values with its scale, where the table is pruned.
    #[must_use]
    pub fn pruned_row_bytes(self, width: usize) -> usize {
        let values = if self == Self::PrunedInt4 { width.div_ceil(2) } else { width };
        values + size_of::<half::f16>()
    }
}

/// Shape and labels of an n-gram student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NgramConfig {
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// Outputs of each class; those of class `c` start at `c * subclasses`.
    pub subclasses: usize,
    /// Columns of the table.
    pub width: usize,
    /// Units of the hidden `ReLU` layer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<NonZeroUsize>,
    /// How the table is stored.
    pub table: TablePrecision,
    /// The features of a text.
    pub features: FeatureSettings,
    /// Width of static embeddings beside the table, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_width: Option<NonZeroUsize>,
    /// The columns that are read; where there are none, a text, and a second text where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<NgramColumn>,
}

/// Why a configuration is not that of an n-gram student.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramConfigError {
    /// Fewer than two classes.
    #[error("{labels} label(s): a classifier needs 2 or more")]
    TooFewLabels {
        /// Labels given.
        labels: usize,
    },
    /// Two classes of one name.
    #[error("label `{label}` names two classes: rename one")]
    LabelTwice {
        /// The name.
        label: String,
    },
    /// A size of 0 or beyond any use.
    #[error("{name} is {value}: use {least} to {most}")]
    Size {
        /// Name of the setting.
        name: &'static str,
        /// The number given.
        value: usize,
        /// Smallest number allowed.
        least: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// The features are wrong.
    #[error(transparent)]
    Features(#[from] FeatureSettingsError),
    /// The columns are wrong.
    #[error(transparent)]
    Columns(#[from] NgramColumnsError),
}

impl NgramConfig {
    /// Largest width, hidden layer and number of outputs.
    const MOST: usize = 1 << 14;

    /// A student of width 32 with a hidden layer of 64 for these labels.
    #[must_use]
    pub fn new(labels: Vec<String>, subclasses: usize) -> Self {
        let features = FeatureSettings::default();
        Self {
            labels,
            subclasses,
            width: 32,
            hidden: NonZeroUsize::new(64),
            table: TablePrecision::F32,
            features,
            static_width: None,
            columns: Vec::new(),
        }
    }

    /// Checks labels, sizes, features and columns.
    pub fn check(&self) -> Result<(), NgramConfigError> {
        check_labels(&self.labels)?;
        size("width", self.width, 1)?;
        for (name, value) in [("hidden", self.hidden), ("static_width", self.static_width)] {
            value.map_or(Ok(()), |value| size(name, value.get(), 1))?;
        }
        size("subclasses", self.subclasses, 1)?;
        size("labels x subclasses", self.labels.len().saturating_mul(self.subclasses), 2)?;
        self.features.check()?;
        self.column_features()?;
        Ok(())
    }

    /// The features of a row.
    ///
    /// # Errors
    /// [`NgramColumnsError`] names the column that cannot be read.
    pub fn column_features(&self) -> Result<ColumnFeatures, NgramColumnsError> {
        ColumnFeatures::new(&self.features, &self.columns)
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.labels.len()
    }

    /// Outputs of the last layer, `classes * subclasses`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.labels.len() * self.subclasses
    }

    /// Inputs of the first layer: the table's width, and that of static embeddings.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.width + self.static_width.map_or(0, NonZeroUsize::get)
    }

    /// Inputs of the last layer: the hidden layer, or those of the first where there is none.
    #[must_use]
    pub fn last_inputs(&self) -> usize {
        self.hidden.map_or(self.inputs(), NonZeroUsize::get)
    }
}

/// Two names or more, each once.
pub(crate) fn check_labels(labels: &[String]) -> Result<(), NgramConfigError> {
    if labels.len() < 2 {
        return Err(NgramConfigError::TooFewLabels { labels: labels.len() });
    }
    let mut seen = HashSet::new();
    match labels.iter().find(|label| !seen.insert(label.as_str())) {
        Some(label) => Err(NgramConfigError::LabelTwice { label: label.clone() }),
        None => Ok(()),
    }
}

/// A width or a number of outputs.
pub(crate) fn size(name: &'static str, value: usize, least: usize) -> Result<(), NgramConfigError> {
    let most = NgramConfig::MOST;
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(NgramConfigError::Size { name, value, least, most })
    }
}

//! What a network on typed columns looks like, as `config.json` tells it.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use lelp_data::{ColumnKind, Field, Schema, SchemaError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::pooling::Pooling;

/// Most units of a hidden layer, and most outputs.
const MOST_UNITS: usize = 1 << 14;
/// Most values that the first layer reads.
const MOST_INPUTS: usize = 1 << 20;
/// Most words of a category, and columns of its table.
const MOST_WORDS: usize = 1 << 20;
const MOST_WIDTH: usize = 1 << 10;

/// Shape, labels and columns of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// Outputs of each class; those of class `c` start at `c * subclasses`.
    pub subclasses: NonZeroUsize,
    /// Units of the hidden `ReLU` layer; without one the network is linear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<NonZeroUsize>,
    /// The columns that are read.
    pub columns: Vec<InputColumn>,
    /// How the encoder in the folder is used; there is one where a text is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderUse>,
}

/// A column that a network reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputColumn {
    /// A text, read as the embedding that a frozen encoder gives it and the second text, if there is one.
    Text {
        /// The column's name.
        name: String,
    },
    /// The second text of a pair.
    TextPair {
        /// The column's name.
        name: String,
    },
    /// A vector, read as it is.
    Vector {
        /// The column's name.
        name: String,
        /// Numbers of the vector.
        width: usize,
    },
    /// A number, read as two values: `(number - mean) / deviation`, or 0 where it is missing; and 1 where it is
    /// missing, else 0.
    Number {
        /// The column's name.
        name: String,
        /// Mean of the training rows.
        mean: f64,
        /// Deviation of the training rows, above 0.
        deviation: f64,
    },
    /// A category, read as a row of a learned table: row 0 for a missing or unknown word, then the words in order.
    Category {
        /// The column's name.
        name: String,
        /// The words of the training rows.
        words: Vec<String>,
        /// Columns of the table.
        width: NonZeroUsize,
    },
}

/// How tokens become the embedding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderUse {
    /// How tokens become one embedding.
    pub pooling: Pooling,
    /// Whether the embedding is scaled to length 1.
    pub normalize: bool,
    /// Tokens kept of each text, special ones included.
    pub max_length: NonZeroUsize,
}

/// Why a configuration is not that of a network on columns.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MlpConfigError {
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
    #[error("{name} is {value}: use 1 to {most}")]
    Size {
        /// What was counted.
        name: &'static str,
        /// The number given.
        value: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// Names or kinds of columns do not fit together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A mean or deviation that standardises nothing.
    #[error(
        "number `{column}` has mean {mean} and deviation {deviation}: both must be finite, the deviation above 0"
    )]
    Standardisation {
        /// The column.
        column: String,
        /// Its mean.
        mean: f64,
        /// Its deviation.
        deviation: f64,
    },
    /// A word stands twice in a vocabulary.
    #[error("category `{column}` has the word `{word}` twice")]
    WordTwice {
        /// The column.
        column: String,
        /// The word.
        word: String,
    },
    /// A text without an encoder, or an encoder without a text.
    #[error("{}", if *.text { "a text is read, but no encoder is described" } else { "an encoder is described, but no text is read" })]
    Encoder {
        /// Whether a text is read.
        text: bool,
    },
}

impl InputColumn {
    /// Name and kind.
    #[must_use]
    pub fn field(&self) -> Field {
        match self {
            Self::Text { name } => Field::new(name, ColumnKind::Text),
            Self::TextPair { name } => Field::new(name, ColumnKind::TextPair),
            Self::Vector { name, width } => Field::new(name, ColumnKind::Vector { width: *width }),
            Self::Number { name, .. } => Field::new(name, ColumnKind::Number),
            Self::Category { name, .. } => Field::new(name, ColumnKind::Category),
        }
    }
}

impl MlpConfig {
    /// Checks labels, sizes and columns; returns the columns' names and kinds.
    pub fn check(&self) -> Result<Schema, MlpConfigError> {
        if self.labels.len() < 2 {
            return Err(MlpConfigError::TooFewLabels { labels: self.labels.len() });
        }
        let mut seen = HashSet::new();
        if let Some(label) = self.labels.iter().find(|label| !seen.insert(label.as_str())) {
            return Err(MlpConfigError::LabelTwice { label: label.clone() });
        }
        let outputs = self.labels.len().saturating_mul(self.subclasses.get());
        size("labels x subclasses", outputs, MOST_UNITS)?;
        if let Some(hidden) = self.hidden {
            size("hidden", hidden.get(), MOST_UNITS)?;
        }
        let schema = Schema::new(self.columns.iter().map(InputColumn::field).collect())?;
        let text = schema.text().is_some();
        if text != self.encoder.is_some() {
            return Err(MlpConfigError::Encoder { text });
        }
        let mut inputs = 0_usize;
        for column in &self.columns {
            inputs = inputs.saturating_add(check_column(column)?);
        }
        // The width of an encoder comes from its own folder.
        if inputs > 0 || !text {
            size("inputs", inputs, MOST_INPUTS)?;
        }
        Ok(schema)
    }

    /// Outputs of the last layer, `classes * subclasses`.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.labels.len() * self.subclasses.get()
    }
}

/// Values that the column adds to the first layer's inputs, an encoder's apart.
fn check_column(column: &InputColumn) -> Result<usize, MlpConfigError> {
    match column {
        InputColumn::Text { .. } | InputColumn::TextPair { .. } => Ok(0),
        InputColumn::Vector { width, .. } => Ok(*width),
        &InputColumn::Number { ref name, mean, deviation } => {
            if mean.is_finite() && deviation.is_finite() && deviation > 0.0 {
                return Ok(2);
            }
            Err(MlpConfigError::Standardisation { column: name.clone(), mean, deviation })
        }
        InputColumn::Category { name, words, width } => {
            size("words of a category", words.len().max(1), MOST_WORDS)?;
            size("width of a category", width.get(), MOST_WIDTH)?;
            let mut seen = HashSet::with_capacity(words.len());
            match words.iter().find(|word| !seen.insert(word.as_str())) {
                None => Ok(width.get()),
                Some(word) => Err(MlpConfigError::WordTwice { column: name.clone(), word: word.clone() }),
            }
        }
    }
}

fn size(name: &'static str, value: usize, most: usize) -> Result<(), MlpConfigError> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(MlpConfigError::Size { name, value, most }) }
}

//! The n-gram student: hashed words, runs of words and character n-grams over a mean-pooled table, and beside or in
//! place of a text, hashed categories and binned numbers.
//!
//! ```text
//! row -> tokens -> feature buckets -> mean of table rows -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```
//!
//! [`Tokens`], [`FeatureSettings::extract`] and [`ColumnFeatures`] document tokenisation and hashing so that another
//! language can reimplement them; training and prediction share them.

mod bytes;
mod character_ngrams;
mod columns;
mod config;
mod error;
mod feature_table;
mod features;
mod kept_rows;
mod student;
mod tokens;
mod weights;
mod word_break;

use crate::{Classified, ErrorKind};

pub use character_ngrams::CharacterNgrams;
pub use columns::{ColumnFeatures, ColumnValue, NgramColumn, NgramColumnsError};
pub use config::{NgramConfig, NgramConfigError, TablePrecision};
pub(crate) use config::{check_labels, size};
pub use error::{NgramBytesError, NgramModelError};
pub use feature_table::{ByteSource, Bytes, FeatureTable, FeatureTableError};
pub use features::{FeatureScratch, FeatureSettings, FeatureSettingsError};
pub use student::{NgramScratch, NgramStudent};
pub use tokens::{Tokens, hash_token};
pub(crate) use weights::Weights;
pub use word_break::WORD_BREAK;

/// Errors about the content of what the caller gives.
macro_rules! input {
    ($($error:ty),+ $(,)?) => {
        $(impl Classified for $error {
            fn kind(&self) -> ErrorKind {
                ErrorKind::Input
            }
        })+
    };
}

input!(
    FeatureSettingsError,
    FeatureTableError,
    NgramBytesError,
    NgramColumnsError,
    NgramConfigError,
    NgramModelError,
);

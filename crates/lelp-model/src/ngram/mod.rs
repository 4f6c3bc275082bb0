//! The n-gram student: hashed words, word bigrams and character n-grams over a mean-pooled table.
//!
//! ```text
//! text -> tokens -> feature buckets -> mean of table rows -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```
//!
//! [`Tokens`] and [`FeatureSettings::extract`] document tokenisation and hashing so that another
//! language can reimplement them; training and prediction share them.

mod config;
mod features;
mod file;
mod model;
mod table;
mod tokens;

pub use config::{ConfigError, NgramConfig, TablePrecision};
pub use features::{CharacterNgrams, FeatureScratch, FeatureSettings, FeatureSettingsError};
pub use file::NgramFileError;
pub use model::{ModelError, NgramModel, Scratch};
pub use table::{Table, TableError};
pub use tokens::{Tokens, hash_token};

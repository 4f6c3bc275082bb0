//! Models that answer: n-gram students and teachers (a text encoder with a classifier head), without a training
//! framework.
//!
//! [`model::Model`] loads any model's folder; [`classifier::Classifier`] is what all of them can do;
//! [`export::export`] writes what has an encoder as an ONNX graph for other runtimes.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//!
//! use lelp_model::classifier::Classifier;
//! use lelp_model::model::Model;
//!
//! let model = Model::load(Path::new("student"), NonZeroUsize::MIN)?;
//! let logits = model.logits(&["where is my card?".into()])?; // [1, classes]
//! println!("{:?} {logits:?}", model.labels());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A service that answers one text at a time uses [`ngram::NgramModel::class_logits`] with a
//! [`ngram::Scratch`] of its own, which does not allocate.

pub mod classifier;
mod collapse;
pub mod encoder;
pub mod export;
pub mod layer;
pub mod model;
pub mod ngram;
pub mod teacher;

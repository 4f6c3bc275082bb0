//! Models that answer, without a training framework: n-gram students, networks on vectors, numbers and categories, and
//! text encoders with a classifier head.
//!
//! [`load_model`] loads any model's folder; [`Predictor`] is what all of them can do; [`MODEL_KINDS`] lists the kinds;
//! [`export::export`] writes what has an encoder as an ONNX graph for other runtimes.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//! use std::path::Path;
//!
//! use lelp_model::load_model;
//!
//! let model = load_model(Path::new("student"), NonZeroUsize::MIN)?;
//! let logits = model.logits_of_texts(&["where is my card?".into()])?; // [1, classes]
//! println!("{:?} {logits:?}", model.labels());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A service that answers one text at a time uses [`ngram::NgramModel::class_logits`] with a
//! [`ngram::NgramScratch`] of its own, which does not allocate.

mod calibration;
mod cascade;
pub mod checkpoint;
mod class_order;
mod classified;
mod collapse;
pub mod encoder;
mod engine;
pub mod export;
pub mod head;
mod kinds;
pub mod layer;
mod load_model;
mod model_kind;
mod onnx;
mod pooling;
mod predictor;
mod schema;
mod teacher;
pub mod tokenizer;

pub use calibration::{Calibration, CalibrationFigures};
pub use cascade::CascadeChoice;
pub use class_order::ClassOrder;
pub use kinds::*;
pub use load_model::load_model;
pub use model_kind::{LoadedModel, ModelFolderError, ModelKind};
pub use predictor::{PredictError, Predictor};
pub use schema::ModelSchema;
pub use teacher::{Teacher, teacher_of};

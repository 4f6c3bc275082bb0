//! Models that answer, without a training framework: n-gram students, networks on vectors, numbers and categories, and
//! text encoders with a classifier head.
//!
//! [`load`] loads any model's folder, as `lelp distill`, `lelp teach` and `transformers` write them. What it gives is a
//! [`Predictor`]: `Send` and `Sync`, it answers from any number of threads at once, and a row's answer is the same bytes in
//! any company. Nothing in the tree of this crate trains or opens a connection.
//!
//! # Text by text
//!
//! ```no_run
//! let model = lelp_model::load("student")?;
//! let mut scratch = model.scratch(); // one for each thread
//! let mut logits = vec![0.0; model.labels().len()];
//! for text in ["where is my card?", "what does it cost?"] {
//!     model.text_logits(&text.into(), &mut scratch, &mut logits)?;
//!     println!("{} {logits:?}", model.labels()[lelp::argmax(&logits)]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An n-gram student takes a few microseconds a text and allocates nothing on the way; `examples/classify.rs` is a whole
//! program, `benches/answer.rs` says how fast.
//!
//! # Batches, pairs, tables
//!
//! ```no_run
//! use lelp_data::{ColumnValues, Table, Text};
//!
//! let model = lelp_model::load("student")?;
//! let pair = Text { text: "a query", pair: Some("a title") };
//! let logits = model.logits_of_texts(&["where is my card?".into(), pair])?; // [2, classes]
//!
//! // Vectors, numbers and categories go by the names of their columns, which `Predictor::schema` tells.
//! let clicks = ColumnValues::Number(vec![Some(3.0), None]);
//! let logits = model.logits(&Table::new(vec![("clicks".to_owned(), clicks)])?)?; // [2, classes]
//! let probabilities = lelp::softmax(&logits, model.labels().len())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Encoders answer a batch several times as fast as its texts one by one: give them many at a time.
//!
//! # What else is here
//!
//! [`MODEL_KINDS`] lists the kinds of models, each with a module of its own: [`ngram`], [`mlp`], [`tfidf`],
//! [`encoder_classifier`]. [`export`](mod@export) writes a model for other programs: ONNX, `transformers`, safetensors.
//! [`encoder`], [`checkpoint`], [`tokenizer`] and [`head`] are what encoders are made of. A model that has embeddings to
//! distil from is a [`Teacher`] too. A [`Calibration`] that stands beside a model is applied by whoever loads it here.

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
mod identity;
mod int8;
mod kinds;
mod load_model;
mod model_folder_error;
mod model_kind;
mod onnx;
mod pairs;
mod pooling;
mod predict_error;
mod predictor;
mod schema;
mod teacher;
pub mod tokenizer;

pub use calibration::{Calibration, CalibrationFigures};
pub use cascade::{CascadeChoice, CascadeFigures, CascadeTeacher, folder_name};
pub use class_order::ClassOrder;
pub use identity::{model_bytes, model_hash};
pub use kinds::*;
pub use lelp_core::layer;
pub use load_model::{load, load_model};
pub use model_folder_error::ModelFolderError;
pub use model_kind::{LoadOptions, LoadedModel, ModelKind};
pub use pairs::Pairs;
pub use predict_error::PredictError;
pub use predictor::{Predictor, Scratch, Teacher};
pub use schema::ModelSchema;
pub use teacher::teacher_of;

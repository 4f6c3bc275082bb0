//! What runs anywhere, browsers included: inner loops over `f32`, hashes, and n-gram and static students that answer from bytes.
//!
//! There are no files, threads or clocks here, and it compiles for `wasm32-unknown-unknown`. What else answers, from folders
//! and tables, is in `lelp-model`.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use lelp_core::ngram::{Bytes, NgramStudent};
//!
//! # fn bytes(name: &str) -> Vec<u8> { Vec::new() }
//! let weights: Bytes = Arc::new(bytes("model.safetensors"));
//! let student = NgramStudent::from_bytes(&bytes("config.json"), &weights)?;
//! let (mut scratch, mut logits) = (student.scratch(), vec![0.0; student.config().classes()]);
//! student.class_logits(&"where is my card?".into(), &mut scratch, &mut logits);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error_kind;
pub mod fnv;
pub mod hash;
pub mod layer;
mod log_sum_exp;
pub mod ngram;
pub mod static_embeddings;
mod tensor_view;
mod text;
pub mod vector;

pub use error_kind::{Classified, ErrorKind};
pub use log_sum_exp::{class_logit, log_sum_exp};
pub use text::Text;

//! Fits, targets and moments, to and from bytes: safetensors with one metadata entry, `lelp`, that holds JSON.
//!
//! From Python: `json.loads(safe_open(path, "numpy").metadata()["lelp"])`.
//!
//! Bytes are untrusted. Sizes are checked against what is there before anything is allocated, tensors
//! against a SHA-256 of their bytes (in the order of their names), shapes against the metadata.

mod container;
mod error;
mod moments;
mod split;
mod targets;
#[cfg(test)]
mod tests;

pub use container::{ArtifactReader, FitArtifact, OutgoingTensor};
pub use error::ArtifactError;
pub use targets::Targets;

//! Classifier heads on frozen encoders, and the signals they give.

mod teach;

pub use teach::{LabelledEmbeddings, TeachError, teach};

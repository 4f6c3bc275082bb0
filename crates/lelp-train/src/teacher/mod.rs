//! Classifier heads on frozen encoders, and the signals they give.

mod answer;
mod embed;
mod teach;

pub use answer::{AnswerOptions, SignalsRunError, write_signals};
pub use embed::embed;
pub use teach::{LabelledEmbeddings, TeachError, teach};

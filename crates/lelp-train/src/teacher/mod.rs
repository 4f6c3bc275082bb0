//! Teachers: heads on frozen encoders, fine-tuned encoders, and the signals they give.

mod answer;
mod embed;
mod finetune;
mod teach;

pub use answer::{AnswerOptions, SignalsRunError, write_signals};
pub use embed::embed;
pub use finetune::{FineTuneError, FineTuning};
pub use teach::{LabelledEmbeddings, TeachError, teach};

//! Teachers: heads on frozen encoders, fine-tuned encoders, and the signals they give.

mod answer;
mod embed;
mod finetune;
mod kept;
mod teach;
mod whole;

pub use answer::{AnswerOptions, SignalsRunError, write_signals};
pub use embed::embed;
pub use finetune::{FineTuneError, FineTuning};
pub use kept::{EmbedError, KeptEmbeddings};
pub use teach::{HeadTeaching, TaughtHead, TeachError};
pub use whole::TeacherFolder;

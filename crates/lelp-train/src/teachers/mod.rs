//! Teachers: heads on frozen encoders, fine-tuned encoders, and the signals they give.

mod embed;
mod embedding_cache;
mod fine_tuning;
mod head_training;
mod signals;
mod teacher_folder;

pub use embed::embed;
pub use embedding_cache::{EmbedError, EmbeddingCache};
pub use fine_tuning::{FineTuneError, FineTuning};
pub use head_training::{HeadTraining, HeadTrainingError, TrainedHead};
pub use signals::{SignalsOptions, SignalsRunError, write_signals};
pub use teacher_folder::TeacherFolder;

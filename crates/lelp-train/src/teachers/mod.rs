//! Teachers: heads on frozen encoders, networks on columns, fine-tuned encoders, and the signals they give.

mod embed;
mod embedding_cache;
mod fine_tuning;
mod head_training;
mod label_training;
mod signals;
mod signals_cache;
mod teacher_folder;
mod trained_head;

pub use embed::{FrozenEncoder, embed};
pub use embedding_cache::{EmbedError, EmbeddingCache, embed_cached};
pub use fine_tuning::{FineTuneError, FineTuning};
pub use head_training::{HeadTraining, HeadTrainingError};
pub use signals::{SignalsOptions, SignalsRunError, write_signals};
pub use signals_cache::{LoadedTeacher, ObtainedSignals, SignalsCache};
pub use teacher_folder::TeacherFolder;
pub use trained_head::{HeadModel, SaveHeadError, TrainedHead};

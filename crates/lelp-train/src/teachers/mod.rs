//! Teachers: heads on frozen encoders, networks on columns, fine-tuned encoders, and the signals they give.

mod answers_in_columns;
mod base_encoder;
mod embed;
mod embedding_cache;
mod fine_tuning;
mod head_training;
mod label_training;
mod signals;
mod signals_cache;
mod teacher_folder;
mod trained_head;

pub use answers_in_columns::{AnswerKind, AnswersError, logits_of_columns};
pub use base_encoder::BaseEncoder;
pub use embed::{FrozenEncoder, embed};
pub use embedding_cache::{EmbedError, EmbeddingCache, embed_cached};
pub use fine_tuning::{FineTuneError, FineTuning};
pub use head_training::{HeadTraining, HeadTrainingError};
pub use signals::{AbsentTeacher, SignalsOptions, SignalsRunError, write_signals, write_signals_of_answers};
pub use signals_cache::{LoadedTeacher, ObtainedSignals, SignalsCache};
pub use teacher_folder::TeacherFolder;
pub use trained_head::{HeadModel, SaveHeadError, TrainedHead};

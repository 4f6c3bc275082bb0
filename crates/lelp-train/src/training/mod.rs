//! The training loop and what it leaves behind.

mod checkpoint;
mod evaluate;
mod exported_layer;
mod log;
mod order;
mod record;
mod schedule;
mod selection;
mod settings;
mod shards;
mod tensorboard;
mod train;
mod trainable;

pub use checkpoint::{CheckpointError, Checkpoints};
pub(crate) use evaluate::score;
pub use evaluate::{Score, Validation, ValidationMetric};
pub(crate) use exported_layer::exported_layer;
pub use log::TrainingLog;
pub use order::SampledRows;
pub use record::{EpochRecord, Event, TermRecord, TrainReport, ValidationRecord};
pub use schedule::Schedule;
pub use selection::SelectionMetric;
pub use settings::{TrainSettings, TrainSettingsError};
pub(crate) use shards::Shards;
pub(crate) use train::thread_pool;
pub use train::{TrainError, Training, train};
pub use trainable::Trainable;

//! The training loop and what it leaves behind.

mod checkpoint;
mod evaluate;
mod log;
mod order;
mod record;
mod schedule;
mod settings;
mod tensorboard;
mod train;

pub use checkpoint::{CheckpointError, Checkpoints};
pub use evaluate::{Score, Validation, ValidationMetric};
pub use log::TrainingLog;
pub use record::{EpochRecord, Event, TermRecord, TrainReport, ValidationRecord};
pub use schedule::Schedule;
pub use settings::{TrainSettings, TrainSettingsError};
pub(crate) use train::thread_pool;
pub use train::{TrainError, Training, train};

//! The training loop and what it leaves behind.

mod evaluate;
mod record;
mod settings;
mod train;

pub use evaluate::{Score, Validation, ValidationMetric};
pub use record::{EpochRecord, Event, TermRecord, TrainReport, ValidationRecord};
pub use settings::{SettingsError, TrainSettings};
pub(crate) use train::thread_pool;
pub use train::{TrainError, Training, train};

//! Dense networks that learn on typed columns, of teachers and of students.

mod columns;
mod error;
mod inputs;
mod trainable;
mod trained;
mod training_inputs;

pub use columns::{CATEGORY_WIDTH, ColumnChoice, input_columns};
pub use error::NetworkError;
pub use inputs::ColumnInputs;
pub use trainable::TrainableNetwork;
pub use trained::{NetworkParts, TrainedNetwork};
pub use training_inputs::{EmbeddedRows, TrainingInputs};

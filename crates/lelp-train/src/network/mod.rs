//! Dense networks that learn on typed columns, of teachers and of students.

mod columns;
mod inputs;
mod trainable;

pub use columns::{ColumnChoice, input_columns};
pub use inputs::ColumnInputs;
pub use trainable::TrainableNetwork;

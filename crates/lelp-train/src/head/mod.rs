//! Classifier heads that learn on embeddings, of teachers and of students.

mod embedding_rows;
mod settings;
mod standardisation;
mod trainable;

pub(crate) use embedding_rows::check_layers;
pub use embedding_rows::{EmbeddingRows, EmbeddingRowsError};
pub use settings::HeadSettings;
pub use standardisation::Standardisation;
pub use trainable::TrainableHead;

//! Encoders that learn, as teachers that are fine-tuned whole and as students.

mod error;
mod inputs;
mod memory;
mod settings;
mod source;
mod trainable;

pub use error::EncoderTrainingError;
pub use inputs::EncoderInputs;
pub use settings::EncoderTrainSettings;
pub use source::{EncoderSizes, EncoderSource, spaced_layers};
pub use trainable::{InitialWeights, TrainableEncoder};

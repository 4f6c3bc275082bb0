//! What students over bags of features have in common: each feature has a vector, and a row is the mean of those of its
//! features.

mod inputs;
mod large_array;
mod table;
mod trainable;
mod trained;

pub use inputs::FeatureBags;
pub(crate) use table::TrainableTable;
pub use trainable::TrainableBags;
pub(super) use trained::{BagModel, TrainedBags};

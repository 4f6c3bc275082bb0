//! Why an n-gram student cannot be built.

use lelp_model::layer::LayerError;
use lelp_model::ngram::{FeatureTableError, NgramConfigError, NgramModelError};
use lelp_model::static_embeddings::StaticEmbeddingsError;
use thiserror::Error;

/// A student that cannot be built or exported.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramStudentError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] NgramConfigError),
    /// Adam keeps running means for every value, which a sparse table cannot have.
    #[error("the n-gram student learns by `adagrad` or `sgd`, not by `adam`")]
    Optimizer,
    /// A dropout that drops everything, or less than nothing.
    #[error("dropout is {dropout}: use 0 or more, below 1")]
    Dropout {
        /// The number given.
        dropout: f32,
    },
    /// A feature bucket beyond the table: the inputs were extracted under other settings.
    #[error(
        "the inputs hold feature bucket {bucket}, but the table has {buckets}: extract them with the student's own settings"
    )]
    Bucket {
        /// Largest bucket in the inputs.
        bucket: u32,
        /// Rows of the table.
        buckets: usize,
    },
    /// Nothing can be learned from the rounded values of a model on.
    #[error("the table of the model is not in 32 bits, so that it cannot learn on")]
    Rounded,
    /// Static embeddings that do not hold together.
    #[error(transparent)]
    Static(#[from] StaticEmbeddingsError),
    /// The system gave no memory for the table.
    #[error("no memory for a table of {values} values ({kind}): use fewer buckets or a smaller width")]
    Memory {
        /// Values of the table.
        values: usize,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
    /// A layer holds values that are not finite: training diverged.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The table does not hold together.
    #[error(transparent)]
    Table(#[from] FeatureTableError),
    /// The parts do not fit together.
    #[error(transparent)]
    Model(#[from] NgramModelError),
}

impl NgramStudentError {
    /// No memory for `values` values.
    pub(in crate::students) fn memory(values: usize) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Memory { values, kind: source.kind() }
    }
}

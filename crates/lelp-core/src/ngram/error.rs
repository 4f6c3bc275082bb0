//! Why parts or bytes are no n-gram student.

use safetensors::tensor::Dtype;
use thiserror::Error;

use super::config::{NgramConfigError, TablePrecision};
use super::feature_table::FeatureTableError;
use crate::layer::LayerError;
use crate::static_embeddings::StaticEmbeddingsError;

/// Configuration, table and layers do not fit together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NgramModelError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] NgramConfigError),
    /// The table has another shape than the configuration says.
    #[error("the table is {buckets} x {width}, but the configuration says {wanted_buckets} x {wanted_width}")]
    Table {
        /// Rows of the table.
        buckets: usize,
        /// Columns of the table.
        width: usize,
        /// Rows configured.
        wanted_buckets: usize,
        /// Columns configured.
        wanted_width: usize,
    },
    /// The table is stored in another precision than the configuration says.
    #[error("the table is stored as {}, but the configuration says {}", .stored.name(), .wanted.name())]
    Precision {
        /// As the table is.
        stored: TablePrecision,
        /// As configured.
        wanted: TablePrecision,
    },
    /// Static embeddings are missing, or not those that the configuration says.
    #[error(
        "static embeddings of width {found} in {}, but the configuration says {wanted} (0 for none) in {}",
        .stored.name(), .precision.name()
    )]
    Static {
        /// Their width; 0 where there are none.
        found: usize,
        /// As they are stored.
        stored: TablePrecision,
        /// Width configured.
        wanted: usize,
        /// As configured.
        precision: TablePrecision,
    },
    /// The hidden layer is missing, or there is one too many.
    #[error("the configuration says {hidden} hidden units, but a hidden layer is {}", if *.present { "given" } else { "missing" })]
    Hidden {
        /// Hidden units configured.
        hidden: usize,
        /// Whether a hidden layer was given.
        present: bool,
    },
    /// A layer has another shape than the configuration says.
    #[error(
        "the {layer} layer maps {inputs} to {outputs}, but the configuration says {wanted_inputs} to {wanted_outputs}"
    )]
    Layer {
        /// `hidden` or `output`.
        layer: &'static str,
        /// Its inputs.
        inputs: usize,
        /// Its outputs.
        outputs: usize,
        /// Inputs configured.
        wanted_inputs: usize,
        /// Outputs configured.
        wanted_outputs: usize,
    },
}

/// Why bytes are no n-gram student.
#[derive(Debug, Error)]
pub enum NgramBytesError {
    /// The configuration is not what it should be.
    #[error("this is no configuration of an n-gram student")]
    Config(#[source] serde_json::Error),
    /// The weights are no safetensors, or contradict themselves.
    #[error("the weights are no sound safetensors")]
    Safetensors(#[source] safetensors::SafeTensorError),
    /// A tensor is missing or of another type or rank.
    #[error("the weights lack a tensor `{tensor}` of type {wanted} and rank {rank}")]
    Tensor {
        /// The tensor's name.
        tensor: String,
        /// The type it should have.
        wanted: Dtype,
        /// The number of dimensions it should have.
        rank: usize,
    },
    /// The table does not hold together.
    #[error("the table is unsound")]
    Table(#[source] FeatureTableError),
    /// Static embeddings do not hold together.
    #[error("the static embeddings are unsound")]
    Static(#[source] StaticEmbeddingsError),
    /// A layer does not hold together.
    #[error("layer `{layer}` is unsound")]
    Layer {
        /// The layer's name.
        layer: &'static str,
        /// Why.
        source: LayerError,
    },
    /// Configuration and weights do not fit together.
    #[error("configuration and weights do not fit together")]
    Model(#[source] NgramModelError),
}

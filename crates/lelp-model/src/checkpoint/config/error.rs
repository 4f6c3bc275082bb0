//! Why a `config.json` does not describe an encoder that can be run.

use std::path::PathBuf;

use thiserror::Error;

use lelp_data::storage::FileError;

use crate::checkpoint::adapter::ADAPTER;
use crate::checkpoint::family::FAMILIES;

/// Why a `config.json` does not describe an encoder that can be run.
#[derive(Debug, Error)]
pub enum EncoderConfigError {
    /// Not JSON, or a field is missing or of the wrong type.
    #[error("not the config of an encoder")]
    Json {
        /// The parser's reason.
        #[from]
        source: serde_json::Error,
    },
    /// The architecture is not one we write graphs for.
    #[error("model_type `{model_type}` is not supported; supported: {}", supported())]
    ModelType {
        /// `model_type` as the file says.
        model_type: String,
    },
    /// A setting has a value that the graphs do not cover.
    #[error("{field} `{value}` is not supported; supported: {supported}")]
    Setting {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// The values that work.
        supported: &'static str,
    },
    /// A size is zero or absurd.
    #[error("{field} is {value}; it must be from 1 to {largest}")]
    Size {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The largest that is taken.
        largest: usize,
    },
    /// Heads must share the width evenly.
    #[error("hidden_size {width} is not a multiple of num_attention_heads {heads}")]
    Heads {
        /// `hidden_size`.
        width: usize,
        /// `num_attention_heads`.
        heads: usize,
    },
    /// Nothing is left of the position table once the offset is taken off.
    #[error("max_position_embeddings is {positions}, but positions start at {first}; none is left")]
    Positions {
        /// Rows of the position table.
        positions: usize,
        /// The first row that is used.
        first: usize,
    },
    /// The layer normalisation's epsilon must be a small positive number.
    #[error("layer_norm_eps is {value}; it must be above 0 and below 1")]
    Epsilon {
        /// `layer_norm_eps`.
        value: f32,
    },
    /// A dropout must be a probability, and leave something.
    #[error("{field} is {value}; it must be at least 0 and below 1")]
    Dropout {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f32,
    },
    /// A deviation is not negative.
    #[error("initializer_range is {value}; it must be 0 or more")]
    Initializer {
        /// `initializer_range`.
        value: f32,
    },
    /// The name of a label is neither words nor a number.
    #[error("id2label names output {output} {value}; give it a name in quotes")]
    LabelName {
        /// The output.
        output: usize,
        /// What stands there, as JSON.
        value: String,
    },
    /// The labels are not numbered as the outputs are.
    #[error("id2label has {labels} entries, but none for output {missing}; its keys must be 0, 1, ..")]
    Labels {
        /// Entries.
        labels: usize,
        /// The first output without a name.
        missing: usize,
    },
}

/// Why the encoder that a folder's `config.json` describes cannot be had.
#[derive(Debug, Error)]
pub enum EncoderConfigFileError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is none, but an adapter.
    #[error("`{}` holds {ADAPTER}", .0.display())]
    Adapter(PathBuf),
    /// The file describes no encoder that can be run.
    #[error("`{}` describes no encoder that can be run", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: EncoderConfigError,
    },
}

fn supported() -> String {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.model_type).collect();
    names.join(", ")
}

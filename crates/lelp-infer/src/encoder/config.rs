//! `config.json` of a Hugging Face encoder, checked.

use serde::Deserialize;
use thiserror::Error;

use super::family::{FAMILIES, Family, family};

/// Sizes above this are refused: no encoder comes near, and products of two stay far below 2^63.
const LARGEST_SIZE: usize = 1 << 24;

/// Why a `config.json` does not describe an encoder that can be run.
#[derive(Debug, Error)]
pub enum ConfigError {
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
    #[error("{field} is {value}; it must be from 1 to {LARGEST_SIZE}")]
    Size {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
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
}

/// Activation between the two feed-forward products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Gelu,
    GeluTanh,
    Relu,
}

/// Buckets and reach of the relative position bias of `MPNet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RelativeBias {
    pub(crate) buckets: usize,
    pub(crate) farthest: usize,
}

/// The shape of an encoder, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EncoderConfig {
    pub(crate) family: &'static Family,
    pub(crate) vocabulary: usize,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) inner: usize,
    /// Rows of the position table.
    pub(crate) positions: usize,
    /// Row of the position table that the first token uses.
    pub(crate) first_position: usize,
    /// Rows of the token type table; 0 where the family has none.
    pub(crate) token_types: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    pub(crate) relative_bias: Option<RelativeBias>,
}

/// The fields of `config.json` that we read, with the defaults of `transformers`.
#[derive(Debug, Deserialize)]
struct ConfigFile {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "default_token_types")]
    type_vocab_size: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f32,
    #[serde(default = "default_activation")]
    hidden_act: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: usize,
}

fn default_token_types() -> usize {
    2
}

fn default_epsilon() -> f32 {
    1e-12
}

fn default_activation() -> String {
    "gelu".to_owned()
}

fn default_buckets() -> usize {
    32
}

/// `max_distance` of the relative position buckets, fixed in `MPNet`.
const FARTHEST_RELATIVE_POSITION: usize = 128;

impl EncoderConfig {
    /// Reads and checks `config.json`.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        #[derive(Deserialize)]
        struct Kind {
            model_type: String,
        }
        // The kind first: another architecture has other fields, and "missing field" would mislead.
        let Kind { model_type } = serde_json::from_slice(json)?;
        let family = family(&model_type).ok_or(ConfigError::ModelType { model_type })?;
        Self::check(family, &serde_json::from_slice(json)?)
    }

    fn check(family: &'static Family, file: &ConfigFile) -> Result<Self, ConfigError> {
        check_sizes(file)?;
        check_settings(file)?;
        let (positions, first) = (file.max_position_embeddings, family.first_position);
        if first >= positions {
            return Err(ConfigError::Positions { positions, first });
        }
        Ok(Self {
            family,
            vocabulary: file.vocab_size,
            width: file.hidden_size,
            layers: file.num_hidden_layers,
            heads: file.num_attention_heads,
            inner: file.intermediate_size,
            positions,
            first_position: first,
            token_types: if family.token_types { file.type_vocab_size } else { 0 },
            epsilon: file.layer_norm_eps,
            activation: activation(&file.hidden_act)?,
            relative_bias: family.relative_bias.then_some(RelativeBias {
                buckets: file.relative_attention_num_buckets,
                farthest: FARTHEST_RELATIVE_POSITION,
            }),
        })
    }

    /// Tokens that the position table has room for.
    pub(crate) fn longest(&self) -> usize {
        self.positions - self.first_position
    }

    /// Width of one attention head.
    pub(crate) fn head_width(&self) -> usize {
        self.width / self.heads
    }
}

fn check_sizes(file: &ConfigFile) -> Result<(), ConfigError> {
    let sizes = [
        ("vocab_size", file.vocab_size),
        ("hidden_size", file.hidden_size),
        ("num_hidden_layers", file.num_hidden_layers),
        ("num_attention_heads", file.num_attention_heads),
        ("intermediate_size", file.intermediate_size),
        ("max_position_embeddings", file.max_position_embeddings),
        ("type_vocab_size", file.type_vocab_size),
        ("relative_attention_num_buckets", file.relative_attention_num_buckets),
    ];
    for (field, value) in sizes {
        if value == 0 || value > LARGEST_SIZE {
            return Err(ConfigError::Size { field, value });
        }
    }
    let (width, heads) = (file.hidden_size, file.num_attention_heads);
    if !width.is_multiple_of(heads) {
        return Err(ConfigError::Heads { width, heads });
    }
    if !(file.layer_norm_eps > 0.0 && file.layer_norm_eps < 1.0) {
        return Err(ConfigError::Epsilon { value: file.layer_norm_eps });
    }
    Ok(())
}

fn check_settings(file: &ConfigFile) -> Result<(), ConfigError> {
    let positions = file.position_embedding_type.as_deref().unwrap_or("absolute");
    if positions != "absolute" {
        let (field, value) = ("position_embedding_type", positions.to_owned());
        return Err(ConfigError::Setting { field, value, supported: "absolute" });
    }
    if file.is_decoder {
        let (field, value) = ("is_decoder", "true".to_owned());
        return Err(ConfigError::Setting { field, value, supported: "false" });
    }
    Ok(())
}

fn activation(name: &str) -> Result<Activation, ConfigError> {
    match name {
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        other => Err(ConfigError::Setting {
            field: "hidden_act",
            value: other.to_owned(),
            supported: "gelu, gelu_new, gelu_pytorch_tanh, relu",
        }),
    }
}

fn supported() -> String {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.model_type).collect();
    names.join(", ")
}

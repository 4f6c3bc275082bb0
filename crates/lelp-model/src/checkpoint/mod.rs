//! Hugging Face checkpoints of text encoders: architecture, tensors and their names, files.

mod adapter;
mod config;
mod family;
mod files;
mod head_names;
mod modules;
mod weights;

pub(crate) use adapter::{ADAPTER, holds_adapter};
pub use config::{Activation, Dropout, EncoderConfig, EncoderConfigError, EncoderConfigFileError};
pub use config::{ProblemType, RelativeBias};
pub use family::{FAMILIES, Family, FieldNames, FirstPosition, LayerNames, TokenTypes, family};
pub(crate) use files::{ADDED_TOKENS, PROMPTS, SENTENCE_SETTINGS, SPECIAL_TOKENS};
pub use files::{JsonFileError, encoder_hash, weights_hash};
pub(crate) use files::{TOKENIZER, TOKENIZER_SETTINGS, VOCABULARY};
pub(crate) use files::{copy_network, file_names, files_hash, names_an_encoder, read_optional_json};
pub use head_names::{HeadActivation, HeadNames};
pub use modules::{EncoderModule, ModuleKind, ModuleRole, ModuleTensor};
pub use weights::{Weights, WeightsError};

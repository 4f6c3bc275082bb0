//! Networks on typed columns: vectors, numbers, categories, and texts by a frozen encoder.
//!
//! ```text
//! row -> inputs of the first layer -> (hidden `ReLU` layer) -> outputs -> collapse -> class logits
//! ```
//!
//! Without a hidden layer the network is a linear classifier. A folder holds:
//!
//! | file | what |
//! |---|---|
//! | `config.json` | labels, sizes, columns with their standardisation and vocabularies: [`MlpConfig`] |
//! | `model.safetensors` | `hidden.weight` `[hidden, inputs]`, `hidden.bias`, `output.weight` `[outputs, ..]`, `output.bias`, `category.N.weight` `[words + 1, width]` for the `N`-th category |
//! | `encoder/` | where a text is read, the encoder in Hugging Face's format |

mod config;
mod file;
mod input_layout;
mod model;

use std::num::NonZeroUsize;

use crate::export::source::ExportSource;
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::ModelKind;

pub use config::{EncoderUse, InputColumn, MlpConfig, MlpConfigError};
pub use file::MlpFileError;
pub use input_layout::InputLayout;
pub use model::{CategoryTable, FolderEncoder, MlpError, MlpModel};

/// The network on columns.
pub(crate) const KIND: ModelKind = ModelKind {
    name: "mlp",
    summary: "a dense network on vectors, numbers, categories and embedded texts",
    recognises: MlpModel::is_in,
    load: |folder, options| Ok(Box::new(MlpModel::load(folder, options).map_err(ModelFolderError::unsound)?)),
    export: |folder| {
        let model = MlpModel::load(folder, NonZeroUsize::MIN).map_err(ModelFolderError::unsound)?;
        Ok(ExportSource::Columns(Box::new(model)))
    },
};

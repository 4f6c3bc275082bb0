//! Settings of an MLP student.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp_model::encoder::{Encoder, EncoderError, EncoderLoadOptions};
use serde::{Deserialize, Serialize};

use crate::head::HeadSettings;
use crate::network::CATEGORY_WIDTH;
use crate::zero_as_none;

/// Shape of an MLP student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlpStudentSettings {
    /// The encoder by which texts are read: a folder or a name. Without one, texts beside other columns are not read.
    pub encoder: Option<PathBuf>,
    /// Units of the hidden `ReLU` layer; none for a linear student.
    #[serde(with = "zero_as_none::count")]
    pub hidden: Option<NonZeroUsize>,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Numbers that each word of a category is known by.
    pub category_width: NonZeroUsize,
    /// Tokens kept of each text; as many as the encoder's folder says by default.
    pub max_length: Option<NonZeroUsize>,
}

impl Default for MlpStudentSettings {
    fn default() -> Self {
        let HeadSettings { hidden, weight_decay, .. } = HeadSettings::default();
        Self { encoder: None, hidden, weight_decay, category_width: CATEGORY_WIDTH, max_length: None }
    }
}

impl MlpStudentSettings {
    /// The frozen encoder in `folder`, as this student reads its embeddings.
    pub(super) fn load(&self, folder: &Path, threads: NonZeroUsize) -> Result<Encoder, EncoderError> {
        Encoder::load(
            folder,
            &EncoderLoadOptions { max_length: self.max_length, ..EncoderLoadOptions::new(threads) },
        )
    }
}

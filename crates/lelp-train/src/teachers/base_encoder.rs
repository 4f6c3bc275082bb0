//! The encoder that a fine-tuned teacher was made of: its folder records it.

use std::path::Path;

use lelp_data::read_json;
use lelp_model::checkpoint::encoder_hash;
use serde::Deserialize;

/// What `run.json` of a fine-tuned teacher says of the encoder that it was made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BaseEncoder {
    /// The encoder as it was named: a folder, or a model's name.
    #[serde(rename = "encoder")]
    pub name: String,
    settings: BaseSettings,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct BaseSettings {
    encoder_hash: String,
}

impl BaseEncoder {
    /// That of the teacher in `folder`; none where `lelp teach --tune all` did not write it.
    #[must_use]
    pub fn of_teacher(folder: &Path) -> Option<Self> {
        read_json(&folder.join("run.json")).ok()
    }

    /// Whether the encoder in `folder` is the one, file by file.
    #[must_use]
    pub fn is_in(&self, folder: &Path) -> bool {
        encoder_hash(folder).is_ok_and(|hash| hash == self.settings.encoder_hash)
    }
}

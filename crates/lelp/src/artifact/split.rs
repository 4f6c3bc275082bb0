//! A fitted split as bytes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::container::{ArtifactReader, write};
use crate::artifact::error::ArtifactError;
use crate::subclass::{FittedSplit, MakerSettings};

const KIND: &str = "lelp subclasses";

#[derive(Serialize, Deserialize)]
struct SplitMetadata {
    /// The key `split` names the target maker, which reads the rest.
    settings: MakerSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label_names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fine_names: Option<Vec<String>>,
    fit: Value,
}

impl FittedSplit {
    /// The fit as the bytes of a safetensors file; same fit, same bytes.
    ///
    /// Directions and clusters hold `projection` `[width, classes * per_class]` and `offset`
    /// `[classes * per_class]`, f32: scores are `embeddings projection - offset`. A random split and fine
    /// labels are metadata alone.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let artifact = self.artifact();
        let own = SplitMetadata {
            settings: self.settings().clone(),
            label_names: self.label_names().map(<[String]>::to_vec),
            fine_names: self.fine_names().map(<[String]>::to_vec),
            fit: artifact.metadata,
        };
        write(KIND, own, artifact.tensors)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, of whatever target maker.
    ///
    /// # Errors
    /// [`ArtifactError`] for any other bytes; no input panics, and none makes it allocate more than its size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let mut reader = ArtifactReader::open(bytes, KIND)?;
        let SplitMetadata { settings, label_names, fine_names, fit } = reader.own()?;
        reader.fit = fit;
        reader.fine_names.clone_from(&fine_names);
        let mut split = Self::from(settings.read(&reader)?);
        if let Some(names) = label_names {
            split = split.with_label_names(names)?;
        }
        Ok(match fine_names {
            Some(names) => split.with_fine_names(names),
            None => split,
        })
    }
}

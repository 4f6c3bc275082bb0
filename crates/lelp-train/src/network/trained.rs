//! A network on columns that was trained.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp_model::encoder::{Encoder, EncoderLoadOptions};
use lelp_model::head::ClassifierHead;
use lelp_model::mlp::{CategoryTable, FolderEncoder, MlpConfig, MlpModel};

use super::NetworkError;

/// A network that was trained, of a teacher or of a student.
#[derive(Debug)]
pub enum TrainedNetwork {
    /// On vectors, numbers and categories alone.
    OnColumns(MlpModel),
    /// With the embeddings of texts: its encoder stands on disk until the network is saved.
    WithEncoder {
        /// Shape, labels and columns.
        config: MlpConfig,
        /// Vectors of the words of its categories.
        tables: Vec<CategoryTable>,
        /// Its layers.
        head: ClassifierHead,
        /// Folder of the encoder.
        encoder: PathBuf,
    },
}

impl TrainedNetwork {
    pub(super) fn new(
        config: MlpConfig,
        tables: Vec<CategoryTable>,
        head: ClassifierHead,
        encoder: Option<PathBuf>,
    ) -> Result<Self, NetworkError> {
        Ok(match encoder {
            Some(encoder) => Self::WithEncoder { config, tables, head, encoder },
            None => Self::OnColumns(MlpModel::new(config, tables, head, None)?),
        })
    }

    /// The model in memory, of a network without an encoder.
    #[must_use]
    pub fn model(&self) -> Option<&MlpModel> {
        match self {
            Self::OnColumns(model) => Some(model),
            Self::WithEncoder { .. } => None,
        }
    }

    /// Writes the folder of a model.
    pub fn save(&self, folder: &Path) -> Result<(), NetworkError> {
        match self {
            Self::OnColumns(model) => Ok(model.save(folder)?),
            Self::WithEncoder { config, tables, head, encoder: from } => {
                let options = EncoderLoadOptions {
                    pooling: config.encoder.map(|used| used.pooling),
                    normalize: config.encoder.map(|used| used.normalize),
                    max_length: config.encoder.map(|used| used.max_length),
                    ..EncoderLoadOptions::new(NonZeroUsize::MIN)
                };
                let encoder = FolderEncoder { encoder: Encoder::load(from, &options)?, folder: from.clone() };
                let model = MlpModel::new(config.clone(), tables.clone(), head.clone(), Some(encoder))?;
                Ok(model.save(folder)?)
            }
        }
    }
}

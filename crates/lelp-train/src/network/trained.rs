//! A network on columns that was trained.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lelp_model::encoder::{Encoder, EncoderLoadOptions};
use lelp_model::head::ClassifierHead;
use lelp_model::mlp::{CategoryTable, FolderEncoder, MlpConfig, MlpModel};

use super::NetworkError;

/// A network that was trained, of a teacher or of a student.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a run has one of them")]
pub enum TrainedNetwork {
    /// On vectors, numbers and categories alone.
    OnColumns(Box<MlpModel>),
    /// With the embeddings of texts.
    WithEncoder(Box<NetworkParts>),
}

/// Parts of a network whose encoder stands on disk until it is saved.
#[derive(Debug)]
pub struct NetworkParts {
    config: MlpConfig,
    tables: Vec<CategoryTable>,
    head: ClassifierHead,
    /// Folder of the encoder.
    encoder: PathBuf,
}

impl TrainedNetwork {
    pub(super) fn new(
        config: MlpConfig,
        tables: Vec<CategoryTable>,
        head: ClassifierHead,
        encoder: Option<PathBuf>,
    ) -> Result<Self, NetworkError> {
        Ok(match encoder {
            Some(encoder) => Self::WithEncoder(Box::new(NetworkParts { config, tables, head, encoder })),
            None => Self::OnColumns(Box::new(MlpModel::new(config, tables, head, None)?)),
        })
    }

    /// The model in memory, of a network without an encoder.
    #[must_use]
    pub fn model(&self) -> Option<&MlpModel> {
        match self {
            Self::OnColumns(model) => Some(model),
            Self::WithEncoder(_) => None,
        }
    }

    /// Writes the folder of a model.
    pub fn save(&self, folder: &Path) -> Result<(), NetworkError> {
        match self {
            Self::OnColumns(model) => Ok(model.save(folder)?),
            Self::WithEncoder(parts) => Ok(parts.model()?.save(folder)?),
        }
    }
}

impl NetworkParts {
    /// The network with its encoder, which is loaded.
    fn model(&self) -> Result<MlpModel, NetworkError> {
        let Self { config, tables, head, encoder } = self;
        let options = EncoderLoadOptions {
            pooling: config.encoder.map(|used| used.pooling),
            normalize: config.encoder.map(|used| used.normalize),
            max_length: config.encoder.map(|used| used.max_length),
            ..EncoderLoadOptions::new(NonZeroUsize::MIN)
        };
        let encoder = FolderEncoder { encoder: Encoder::load(encoder, &options)?, folder: encoder.clone() };
        Ok(MlpModel::new(config.clone(), tables.clone(), head.clone(), Some(encoder))?)
    }
}

//! A frozen encoder with a head of ours: `teacher.json` says how the encoder is used, and what the classes are called.

use std::num::NonZeroUsize;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::EncoderClassifierError;
use super::files::ClassifierFiles;
use super::format::{self, FORMAT};
use crate::checkpoint::{EncoderConfig, Weights, WeightsError, weights_hash};
use crate::encoder::{Encoder, Pooling};
use crate::head::ClassifierHead;
use crate::tokenizer::{TextPreparation, TokenizerFileError};
use lelp_data::storage::{self, FileHashes};

/// The file that makes a folder a frozen encoder with a head of ours.
pub const TEACHER_FILE: &str = "teacher.json";
pub(super) const HEAD_FILE: &str = "head.safetensors";

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_one(number: &NonZeroUsize) -> bool {
    number.get() == 1
}

/// Content of `teacher.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenEncoderConfig {
    /// Version of the format; only 1 is known.
    pub format: u32,
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// How tokens become one embedding.
    pub pooling: Pooling,
    /// Whether the encoder's output is scaled to length 1 before the head.
    pub normalize: bool,
    /// Tokens kept of each text, special ones included.
    pub max_length: usize,
    /// Outputs of the head for each class; older folders have one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub subclasses: NonZeroUsize,
    /// SHA-256 of `head.safetensors` behind that of `model.safetensors`: tells this teacher from any other.
    pub hash: String,
    /// SHA-256 of every other file of the folder; older folders name none.
    #[serde(default, skip_serializing_if = "FileHashes::is_empty")]
    pub files: FileHashes,
}

impl FrozenEncoderConfig {
    /// A description in the newest format, with one output a class.
    #[must_use]
    pub fn new(
        labels: Vec<String>,
        pooling: Pooling,
        normalize: bool,
        max_length: usize,
        hash: String,
    ) -> Self {
        Self {
            format: FORMAT,
            labels,
            pooling,
            normalize,
            max_length,
            subclasses: NonZeroUsize::MIN,
            hash,
            files: FileHashes::default(),
        }
    }

    /// The description of `head` on `encoder`, which was loaded from `encoder_folder`.
    pub fn of(
        labels: Vec<String>,
        encoder: &Encoder,
        encoder_folder: &Path,
        head: &ClassifierHead,
    ) -> Result<Self, WeightsError> {
        let hash = Self::hash_of(encoder_folder, head)?;
        let own = Self::new(labels, encoder.pooling(), encoder.normalizes(), encoder.max_length(), hash);
        Ok(Self { subclasses: head.subclasses(), ..own })
    }

    /// The hash of a teacher of `head` on the encoder in `encoder_folder`.
    pub fn hash_of(encoder_folder: &Path, head: &ClassifierHead) -> Result<String, WeightsError> {
        Self::hash_of_parts(encoder_folder, &head.to_bytes())
    }

    /// The same of the bytes of `head.safetensors`.
    fn hash_of_parts(encoder_folder: &Path, head: &[u8]) -> Result<String, WeightsError> {
        let (weights, head) = (weights_hash(encoder_folder)?, storage::sha256(head));
        Ok(storage::sha256(format!("{weights}{head}").as_bytes()))
    }

    /// Reads `teacher.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        format::parse(bytes, |config: &Self| config.format)
    }

    /// The bytes of `teacher.json`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        storage::pretty_json(self)
    }
}

/// Reads the files of a frozen encoder with a head of ours.
pub(super) fn read(folder: &Path) -> Result<ClassifierFiles, EncoderClassifierError> {
    let path = folder.join(TEACHER_FILE);
    let own = FrozenEncoderConfig::from_bytes(&storage::map(&path)?)
        .map_err(|source| EncoderClassifierError::Config { path, source })?;
    let path = folder.join(HEAD_FILE);
    let bytes = storage::map(&path)?;
    let head = ClassifierHead::from_bytes(&bytes)
        .and_then(|head| head.with_subclasses(own.subclasses))
        .map_err(|source| EncoderClassifierError::Head { path, source })?;
    if FrozenEncoderConfig::hash_of_parts(folder, &bytes)? != own.hash {
        return Err(EncoderClassifierError::Hash { folder: folder.to_owned() });
    }
    own.files.check(folder)?;
    let config = EncoderConfig::load(folder)?;
    let weights = Weights::open(folder, &config)?;
    Ok(ClassifierFiles {
        config,
        weights,
        pooling: own.pooling,
        normalize: own.normalize,
        max_length: NonZeroUsize::new(own.max_length),
        preparation: TextPreparation::read(folder).map_err(TokenizerFileError::from)?,
        head,
        labels: own.labels,
        hash: Some(own.hash),
    })
}

//! A teacher's folder, of either kind, in parts: what an engine is loaded from, and what is exported.

use std::num::NonZeroUsize;
use std::path::Path;

use super::{ClassifierHead, TeacherConfig, TeacherError, classifier_folder};
use crate::encoder::{EncoderConfig, Pooling, Weights, file_names, files_hash};
use lelp_data::storage;

/// The file that makes a folder a frozen encoder with a head of ours.
pub const TEACHER_FILE: &str = "teacher.json";
pub(super) const HEAD_FILE: &str = "head.safetensors";

/// Everything in the folder but the tokenizer.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: EncoderConfig,
    pub(crate) weights: Weights,
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
    pub(crate) max_length: Option<NonZeroUsize>,
    pub(crate) head: ClassifierHead,
    pub(crate) labels: Vec<String>,
    /// As the folder says it; a folder made elsewhere does not.
    pub(crate) hash: Option<String>,
}

impl Parts {
    /// Tokens kept of each text.
    pub(crate) fn max_length(&self) -> usize {
        self.max_length.map_or(usize::MAX, NonZeroUsize::get).min(self.config.longest())
    }

    /// Reads and checks a frozen encoder with a head, or a Hugging Face sequence classifier.
    pub(crate) fn read(folder: &Path) -> Result<Self, TeacherError> {
        let parts = if folder.join(TEACHER_FILE).exists() {
            read_frozen(folder)?
        } else {
            classifier_folder::read(folder)?
        };
        let (width, inputs) = (parts.config.width, parts.head.inputs());
        if width != inputs {
            return Err(TeacherError::Width { folder: folder.to_owned(), encoder: width, head: inputs });
        }
        let (labels, classes) = (parts.labels.len(), parts.head.classes());
        if labels != classes {
            return Err(TeacherError::Labels { folder: folder.to_owned(), labels, classes });
        }
        if classes < 2 {
            return Err(TeacherError::OneClass { folder: folder.to_owned() });
        }
        let mut sorted: Vec<&String> = parts.labels.iter().collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TeacherError::LabelTwice { folder: folder.to_owned(), label: twice[0].clone() });
        }
        Ok(parts)
    }
}

fn read_frozen(folder: &Path) -> Result<Parts, TeacherError> {
    let path = folder.join(TEACHER_FILE);
    let own = TeacherConfig::from_bytes(&storage::map(&path)?)
        .map_err(|source| TeacherError::Config { path, source })?;
    let path = folder.join(HEAD_FILE);
    let head = ClassifierHead::from_bytes(&storage::map(&path)?)
        .and_then(|head| head.with_subclasses(own.subclasses))
        .map_err(|source| TeacherError::Head { path, source })?;
    let config = EncoderConfig::load(folder)?;
    let weights = Weights::open(folder, &config)?;
    Ok(Parts {
        config,
        weights,
        pooling: own.pooling,
        normalize: own.normalize,
        max_length: NonZeroUsize::new(own.max_length),
        head,
        labels: own.labels,
        hash: Some(own.hash),
    })
}

/// SHA-256 over the names and hashes of the files that a Hugging Face classifier is made of.
pub(super) fn hash(folder: &Path) -> Result<String, TeacherError> {
    let mut names = file_names(folder)?;
    if folder.join(classifier_folder::CLASSIFIER_FILE).exists() {
        names.push(classifier_folder::CLASSIFIER_FILE.to_owned());
    }
    Ok(files_hash(folder, &names)?)
}

//! An encoder and the classifier head on it, in one folder: a teacher, or a student made of an encoder.
//!
//! A frozen encoder with a head of ours:
//!
//! | file | what |
//! |---|---|
//! | `config.json`, weights, tokenizer | the encoder, in Hugging Face's format |
//! | `head.safetensors` | the head, see [`ClassifierHead::to_bytes`] |
//! | `teacher.json` | label names, pooling, lengths, hashes: [`TeacherConfig`] |
//!
//! A Hugging Face sequence classifier, head included, made by anyone:
//!
//! | file | what |
//! |---|---|
//! | `config.json`, weights, tokenizer | encoder and head; `id2label` names the classes |
//! | `lelp.json`, may be absent | label names, subclasses, lengths: [`EncoderClassifierConfig`] |

mod classifier_folder;
mod config;
mod error;
mod folder;
mod format;
mod head;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub use classifier_folder::{CLASSIFIER_FILE, EncoderClassifierConfig};
pub use config::{TeacherConfig, Tuning};
pub use error::TeacherError;
pub use folder::TEACHER_FILE;
pub use head::{ClassifierHead, HeadError, HeadOutput};

use crate::classifier::{AnswerError, Classifier};
use crate::encoder::{self, Encoder};
pub(crate) use folder::Parts;
use lelp_data::Text;
use lelp_data::storage::{self, FileError};

/// A loaded encoder with its head.
#[derive(Debug)]
pub struct Teacher {
    encoder: Encoder,
    head: ClassifierHead,
    labels: Vec<String>,
    folder: PathBuf,
    hash: Option<String>,
}

impl Teacher {
    /// Loads the folder of a teacher, or of any Hugging Face sequence classifier.
    ///
    /// A classifier with one output `z`, trained with a sigmoid, is read as `[0, z]`.
    ///
    /// # Errors
    /// [`TeacherError`] names the file; the head must fit the encoder's width and the label names.
    pub fn load(folder: &Path, threads: NonZeroUsize) -> Result<Self, TeacherError> {
        let parts = Parts::read(folder)?;
        let encoder = Encoder::from_parts(folder, &parts, threads)?;
        let Parts { head, labels, hash, .. } = parts;
        Ok(Self { encoder, head, labels, folder: folder.to_owned(), hash })
    }

    /// Writes a teacher's folder: the encoder's files from `encoder_folder`, then the head and `config`.
    ///
    /// The head must have a `ReLU` behind its hidden layer, and as many subclasses as `config` says, which tells them.
    /// `teacher.json` comes last, so that a folder that holds it is whole.
    pub fn save(
        folder: &Path,
        encoder_folder: &Path,
        head: &ClassifierHead,
        config: &TeacherConfig,
    ) -> Result<(), TeacherError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| FileError::Write { path: folder.to_owned(), source })?;
        for name in encoder::file_names(encoder_folder)? {
            storage::link_or_copy(&encoder_folder.join(&name), &folder.join(&name))?;
        }
        storage::write(&folder.join(folder::HEAD_FILE), &head.to_bytes())?;
        Ok(storage::write(&folder.join(TEACHER_FILE), &config.to_bytes())?)
    }

    /// What tells this teacher from any other: as `teacher.json` says, else the SHA-256 of the folder's files, which
    /// takes a moment.
    pub fn hash(&self) -> Result<String, TeacherError> {
        self.hash.clone().map_or_else(|| folder::hash(&self.folder), Ok)
    }

    /// The folder that it was loaded from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the encoder is as it was pulled, so that its embeddings serve other heads too.
    #[must_use]
    pub fn has_frozen_encoder(&self) -> bool {
        // That `teacher.json` tells of, which has its own hash; an encoder that was fine-tuned comes as a classifier.
        self.hash.is_some()
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> &ClassifierHead {
        &self.head
    }

    /// Embeddings `[texts, embedding_width]` and logits `[texts, classes]`.
    ///
    /// `progress` is told how many texts are done; the run ends soon after `cancel` is set.
    pub fn signals(
        &self,
        texts: &[Text<'_>],
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<HeadOutput, AnswerError> {
        Ok(self.head.apply(self.encoder.embed_watched(texts, progress, cancel)?))
    }
}

impl Classifier for Teacher {
    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn logits(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, AnswerError> {
        Ok(self.head.apply(self.encoder.embed(texts)?).logits)
    }
}

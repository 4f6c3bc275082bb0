//! A teacher: an encoder and the classifier head on it, in one folder.
//!
//! | file | what |
//! |---|---|
//! | `config.json`, `model.safetensors`, `tokenizer.json` | the encoder, in Hugging Face's format |
//! | `head.safetensors` | the head, see [`ClassifierHead::to_bytes`] |
//! | `teacher.json` | label names, pooling, lengths, hashes: [`TeacherConfig`] |

mod config;
mod head;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use thiserror::Error;

pub use config::{TeacherConfig, Tuning};
pub use head::{ClassifierHead, HeadError, HeadOutput};

use crate::classifier::{AnswerError, Classifier, Text};
use crate::encoder::{Encoder, EncoderError, EncoderOptions};
use crate::storage::{self, FileError};

/// The file that makes a folder a teacher.
pub const TEACHER_FILE: &str = "teacher.json";
const HEAD_FILE: &str = "head.safetensors";
const ENCODER_FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

/// A loaded teacher.
#[derive(Debug)]
pub struct Teacher {
    encoder: Encoder,
    head: ClassifierHead,
    config: TeacherConfig,
}

impl Teacher {
    /// Loads a teacher's folder.
    ///
    /// # Errors
    /// [`TeacherError`] names the file; the head must fit the encoder's width and the label names.
    pub fn load(folder: &Path, threads: NonZeroUsize) -> Result<Self, TeacherError> {
        let path = folder.join(TEACHER_FILE);
        let config = TeacherConfig::from_bytes(&storage::map(&path)?)
            .map_err(|source| TeacherError::Config { path, source })?;
        let path = folder.join(HEAD_FILE);
        let head = ClassifierHead::from_bytes(&storage::map(&path)?)
            .map_err(|source| TeacherError::Head { path, source })?;
        let options = EncoderOptions {
            pooling: Some(config.pooling),
            normalize: Some(config.normalize),
            max_length: NonZeroUsize::new(config.max_length),
            threads,
        };
        let encoder = Encoder::load(folder, &options)?;
        let (width, inputs) = (encoder.width(), head.inputs());
        if width != inputs {
            return Err(TeacherError::Width { folder: folder.to_owned(), encoder: width, head: inputs });
        }
        let (labels, classes) = (config.labels.len(), head.classes());
        if labels != classes {
            return Err(TeacherError::Labels { folder: folder.to_owned(), labels, classes });
        }
        Ok(Self { encoder, head, config })
    }

    /// Writes a teacher's folder: the encoder's files from `encoder_folder`, then the head and `config`.
    ///
    /// `teacher.json` comes last, so that a folder that holds it is whole.
    pub fn save(
        folder: &Path,
        encoder_folder: &Path,
        head: &ClassifierHead,
        config: &TeacherConfig,
    ) -> Result<(), FileError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| FileError::Write { path: folder.to_owned(), source })?;
        for name in ENCODER_FILES {
            storage::link_or_copy(&encoder_folder.join(name), &folder.join(name))?;
        }
        storage::write(&folder.join(HEAD_FILE), &head.to_bytes())?;
        storage::write(&folder.join(TEACHER_FILE), &config.to_bytes())
    }

    /// What `teacher.json` says.
    #[must_use]
    pub fn config(&self) -> &TeacherConfig {
        &self.config
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
        &self.config.labels
    }

    fn logits(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, AnswerError> {
        Ok(self.head.apply(self.encoder.embed(texts)?).logits)
    }
}

/// Why a folder is no teacher.
#[derive(Debug, Error)]
pub enum TeacherError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// `teacher.json` is not what it should be.
    #[error("`{}` does not describe a teacher", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The head does not hold together.
    #[error("the head in `{}` is unsound", path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// Why.
        source: HeadError,
    },
    /// Head and encoder do not fit.
    #[error("teacher `{}`: the encoder gives {encoder} values, but the head takes {head}", folder.display())]
    Width {
        /// The folder.
        folder: PathBuf,
        /// Width of the encoder's output.
        encoder: usize,
        /// Inputs of the head.
        head: usize,
    },
    /// Head and label names do not fit.
    #[error("teacher `{}`: {labels} label names, but the head has {classes} classes", folder.display())]
    Labels {
        /// The folder.
        folder: PathBuf,
        /// Names of labels.
        labels: usize,
        /// Outputs of the head.
        classes: usize,
    },
}

//! An encoder and the classifier head on it, in one folder: a teacher, or a student made of an encoder.
//!
//! A frozen encoder with a head of ours:
//!
//! | file | what |
//! |---|---|
//! | `config.json`, weights, tokenizer | the encoder, in Hugging Face's format |
//! | `head.safetensors` | the head, see [`ClassifierHead::to_bytes`] |
//! | `teacher.json` | label names, pooling, lengths, hashes: [`FrozenEncoderConfig`] |
//!
//! A Hugging Face sequence classifier, head included, made by anyone:
//!
//! | file | what |
//! |---|---|
//! | `config.json`, weights, tokenizer | encoder and head; `id2label` names the classes |
//! | `lelp.json`, may be absent | label names, subclasses, lengths: [`SequenceClassifierConfig`] |

mod error;
mod files;
mod format;
mod frozen_encoder;
mod sequence_classifier;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

pub use error::EncoderClassifierError;
pub(crate) use files::ClassifierFiles;
pub use frozen_encoder::{FrozenEncoderConfig, TEACHER_FILE};
pub use sequence_classifier::{CLASSIFIER_FILE, SequenceClassifierConfig};

use crate::checkpoint;
use crate::encoder::Encoder;
use crate::export::source::ExportSource;
use crate::head::{ClassifierHead, HeadOutput};
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::{LoadOptions, LoadedModel, ModelKind};
use crate::predict_error::PredictError;
use crate::predictor::{Predictor, Teacher};
use crate::schema::ModelSchema;
use crate::tokenizer::Tokenizer;
use lelp_data::storage::{self, FileHashes};
use lelp_data::{Table, Text};

/// An encoder as it was pulled, and a head of ours on it.
pub(crate) const FROZEN_ENCODER: ModelKind = ModelKind {
    name: "frozen-encoder",
    summary: "an encoder as it was pulled, and a head that was trained on it",
    recognises: |folder| folder.join(TEACHER_FILE).exists(),
    load,
    export: |folder| Ok(ExportSource::FrozenEncoder(read_files(folder).map_err(folder_error)?)),
};

/// A sequence classifier in the format of Hugging Face.
pub(crate) const SEQUENCE_CLASSIFIER: ModelKind = ModelKind {
    name: "sequence-classifier",
    summary: "a Hugging Face sequence classifier, head included",
    recognises: checkpoint::names_an_encoder,
    load,
    export: |folder| Ok(ExportSource::SequenceClassifier(read_files(folder).map_err(folder_error)?)),
};

fn load(folder: &Path, options: LoadOptions) -> Result<LoadedModel, ModelFolderError> {
    Ok(Box::new(EncoderClassifier::load(folder, options).map_err(folder_error)?))
}

fn folder_error(error: EncoderClassifierError) -> ModelFolderError {
    match error {
        EncoderClassifierError::NoHead { .. } => ModelFolderError::NoHead(Box::new(error)),
        error => ModelFolderError::unsound(error),
    }
}

/// Reads and checks a frozen encoder with a head, or a Hugging Face sequence classifier.
pub(crate) fn read_files(folder: &Path) -> Result<ClassifierFiles, EncoderClassifierError> {
    let files = if folder.join(TEACHER_FILE).exists() {
        frozen_encoder::read(folder)?
    } else {
        sequence_classifier::read(folder)?
    };
    files.check(folder)
}

/// A loaded encoder with its head.
#[derive(Debug)]
pub struct EncoderClassifier {
    encoder: Encoder,
    head: ClassifierHead,
    labels: Vec<String>,
    folder: PathBuf,
    hash: Option<String>,
    schema: ModelSchema,
}

impl EncoderClassifier {
    /// Loads the folder of a teacher, or of any Hugging Face sequence classifier.
    ///
    /// A classifier with one output `z`, trained with a sigmoid, is read as `[0, z]`.
    ///
    /// # Errors
    /// [`EncoderClassifierError`] names the file; the head must fit the encoder's width and the label names.
    pub fn load(folder: &Path, options: impl Into<LoadOptions>) -> Result<Self, EncoderClassifierError> {
        let LoadOptions { threads, precision, .. } = options.into();
        let files = read_files(folder)?;
        let tokenizer =
            Tokenizer::load(folder, &files.config, files.max_length())?.prepared(files.preparation.clone());
        let ClassifierFiles { config, weights, pooling, normalize, head, labels, hash, .. } = files;
        let encoder = Encoder::new(&config, &weights, tokenizer, (pooling, normalize), threads, precision)?;
        Ok(Self {
            encoder,
            head,
            labels,
            folder: folder.to_owned(),
            hash,
            schema: ModelSchema::text_or_pair(),
        })
    }

    /// Writes a teacher's folder: the encoder's files from `encoder_folder`, then the head and `config`.
    ///
    /// The head must have a `ReLU` behind its hidden layer, and as many subclasses as `config`, which stores them.
    /// [`lelp_data::storage::write_folder`] makes the folder appear whole.
    pub fn save(
        folder: &Path,
        encoder_folder: &Path,
        head: &ClassifierHead,
        config: &FrozenEncoderConfig,
    ) -> Result<(), EncoderClassifierError> {
        storage::create_folder(folder)?;
        Encoder::copy_files(encoder_folder, folder, config.max_length)?;
        storage::write(&folder.join(frozen_encoder::HEAD_FILE), &head.to_bytes())?;
        let config = FrozenEncoderConfig { files: FileHashes::of(folder)?, ..config.clone() };
        Ok(storage::write(&folder.join(TEACHER_FILE), &config.to_bytes())?)
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

    /// Embeddings `[texts, embedding_width]` and logits `[texts, classes]`; texts and pairs may stand side by side.
    ///
    /// `progress` is called with the number of texts that are done; the run ends soon after `cancel` is set.
    pub fn signals_of_texts(
        &self,
        texts: &[Text<'_>],
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<HeadOutput, PredictError> {
        Ok(self.head.apply(self.encoder.embed_with_progress(texts, progress, cancel)?))
    }
}

impl Teacher for EncoderClassifier {
    fn head(&self) -> &ClassifierHead {
        &self.head
    }

    /// As `teacher.json` says, else the SHA-256 of the folder's files, which takes a moment; another in another precision.
    fn hash(&self) -> Result<String, ModelFolderError> {
        let computed = || sequence_classifier::hash(&self.folder).map_err(ModelFolderError::unsound);
        let hash = self.hash.clone().map_or_else(computed, Ok)?;
        Ok(self.encoder.precision().tell_apart(hash))
    }

    fn signals(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<HeadOutput, PredictError> {
        let table = self.schema.fit(table)?;
        let texts: Vec<Text<'_>> = table.texts()?.collect();
        self.signals_of_texts(&texts, progress, cancel)
    }

    fn frozen_encoder(&self) -> Option<(&Encoder, &Path)> {
        self.has_frozen_encoder().then_some((&self.encoder, self.folder.as_path()))
    }
}

impl Predictor for EncoderClassifier {
    fn kind(&self) -> &'static str {
        if self.has_frozen_encoder() { FROZEN_ENCODER.name } else { SEQUENCE_CLASSIFIER.name }
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn answers_in_microseconds(&self) -> bool {
        false
    }

    fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        let table = self.schema.fit(table)?;
        let texts: Vec<Text<'_>> = table.texts()?.collect();
        let logits = self.head.apply(self.encoder.embed(&texts)?).logits;
        PredictError::check(&logits)?;
        Ok(logits)
    }

    fn teacher(&self) -> Option<&dyn Teacher> {
        Some(self)
    }

    fn encoder(&self) -> Option<&Encoder> {
        Some(&self.encoder)
    }
}

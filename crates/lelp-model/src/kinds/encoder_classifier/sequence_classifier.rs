//! A Hugging Face sequence classifier, fine-tuned by anyone, as a teacher or student.
//!
//! Its own files are enough: `config.json`, weights, tokenizer. `lelp.json` beside them ([`SequenceClassifierConfig`])
//! adds what `transformers` has no place for.

use std::num::NonZeroUsize;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::EncoderClassifierError;
use super::files::ClassifierFiles;
use super::format::{self, FORMAT};
use crate::checkpoint::{EncoderConfig, EncoderModule, ProblemType, Weights, WeightsError};
use crate::checkpoint::{file_names, files_hash};
use crate::head::{ClassifierHead, ClassifierHeadError};
use crate::layer::Layer;
use crate::pooling::Pooling;
use crate::tokenizer::{TextPreparation, TokenizerFileError, model_max_length};
use lelp_data::storage;

/// The optional file beside a Hugging Face classifier.
pub const CLASSIFIER_FILE: &str = "lelp.json";

/// Content of `lelp.json`: how the outputs of a Hugging Face classifier are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceClassifierConfig {
    /// Version of the format; only 1 is known.
    pub format: u32,
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// Outputs of each class; those of class `c` start at `c * subclasses`.
    pub subclasses: NonZeroUsize,
    /// Tokens kept of each text, special ones included; without it as many as the position table holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<NonZeroUsize>,
}

impl SequenceClassifierConfig {
    /// A description in the newest format.
    #[must_use]
    pub fn new(labels: Vec<String>, subclasses: NonZeroUsize, max_length: Option<NonZeroUsize>) -> Self {
        Self { format: FORMAT, labels, subclasses, max_length }
    }

    /// Reads `lelp.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        format::parse(bytes, |config: &Self| config.format)
    }

    /// The bytes of `lelp.json`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        storage::pretty_json(self)
    }
}

/// Reads the files of a Hugging Face sequence classifier.
pub(super) fn read(folder: &Path) -> Result<ClassifierFiles, EncoderClassifierError> {
    let config = EncoderConfig::load(folder)?;
    let weights = Weights::open(folder, &config)?;
    check_kind(folder, &config, &weights)?;
    let path = folder.join(CLASSIFIER_FILE);
    let own = path.exists().then(|| read_own(&path)).transpose()?;
    let head = head(&config, &weights).map_err(|error| error.in_file(weights.path()))?;
    let (labels, head, max_length) = match own {
        None => (labels(&config), head, model_max_length(folder).map_err(TokenizerFileError::from)?),
        Some(own) => {
            let head = head
                .with_subclasses(own.subclasses)
                .map_err(|source| EncoderClassifierError::Head { path: path.clone(), source })?;
            (own.labels, head, own.max_length)
        }
    };
    Ok(ClassifierFiles {
        config,
        weights,
        pooling: Pooling::Cls,
        normalize: false,
        max_length,
        preparation: TextPreparation::default(),
        head,
        labels,
        hash: None,
    })
}

fn read_own(path: &Path) -> Result<SequenceClassifierConfig, EncoderClassifierError> {
    SequenceClassifierConfig::from_bytes(&storage::map(path)?)
        .map_err(|source| EncoderClassifierError::Config { path: path.to_owned(), source })
}

/// Refuses what is no sequence classifier, or none whose outputs are classes.
fn check_kind(
    folder: &Path,
    config: &EncoderConfig,
    weights: &Weights,
) -> Result<(), EncoderClassifierError> {
    let [_, output] = config.head_modules(config.outputs());
    let unsaid = config.architectures.is_empty() && weights.contains(&output.weight().name);
    if !config.is_classifier() && !unsaid {
        let architectures = config.architectures.join(", ");
        let wanted = config.family.architecture;
        return Err(EncoderClassifierError::NoHead { folder: folder.to_owned(), architectures, wanted });
    }
    let outputs = config.outputs();
    match config.problem {
        Some(ProblemType::Regression) => Err("regression"),
        Some(ProblemType::MultiLabel) if outputs > 1 => Err("multi_label_classification"),
        _ => Ok(()),
    }
    .map_err(|problem| EncoderClassifierError::ProblemType {
        folder: folder.to_owned(),
        problem,
        outputs,
    })
}

/// Names of the classes; a single output is that of a sigmoid, for or against one class.
fn labels(config: &EncoderConfig) -> Vec<String> {
    let numbered = || (0..config.outputs()).map(|output| format!("LABEL_{output}")).collect();
    let labels: Vec<String> = config.labels.clone().unwrap_or_else(numbered);
    match labels.as_slice() {
        [only] if only == "LABEL_0" => vec!["0".to_owned(), "1".to_owned()],
        [only] => vec![format!("not {only}"), only.clone()],
        _ => labels,
    }
}

/// Why the head could not be read, before the file is named.
enum ReadError {
    Weights(Box<WeightsError>),
    Head(ClassifierHeadError),
}

impl ReadError {
    fn in_file(self, path: &Path) -> EncoderClassifierError {
        match self {
            Self::Weights(error) => (*error).into(),
            Self::Head(source) => EncoderClassifierError::Head { path: path.to_owned(), source },
        }
    }
}

/// The head's layers; a one-logit head `z` becomes `[0, z]`.
fn head(config: &EncoderConfig, weights: &Weights) -> Result<ClassifierHead, ReadError> {
    let [hidden, output] = config.head_modules(config.outputs());
    let hidden = layer(config.width, weights, &hidden, 0)?;
    let against = usize::from(config.outputs() == 1);
    let output = layer(config.width, weights, &output, against)?;
    let head = ClassifierHead::new(Some(hidden), output).map_err(ReadError::Head)?;
    Ok(head.with_activation(config.family.head.activation))
}

/// A dense layer behind `zeros` outputs that are always 0.
fn layer(inputs: usize, weights: &Weights, module: &EncoderModule, zeros: usize) -> Result<Layer, ReadError> {
    let read = |tensor| weights.read(&tensor).map_err(|error| ReadError::Weights(Box::new(error)));
    let mut weight = vec![0.0; zeros * inputs];
    weight.extend_from_slice(&read(module.weight())?);
    let mut bias = vec![0.0; zeros];
    bias.extend_from_slice(&read(module.bias().expect("a dense layer has one"))?);
    Layer::new(inputs, weight, bias).map_err(|error| ReadError::Head(error.into()))
}

/// SHA-256 over the names and hashes of the files that a Hugging Face classifier is made of.
pub(super) fn hash(folder: &Path) -> Result<String, EncoderClassifierError> {
    let mut names = file_names(folder)?;
    if folder.join(CLASSIFIER_FILE).exists() {
        names.push(CLASSIFIER_FILE.to_owned());
    }
    Ok(files_hash(folder, &names)?)
}

//! Why a folder is no classifier made of an encoder and a head.

use std::path::PathBuf;

use thiserror::Error;

use lelp::{Classified, ErrorKind};

use crate::checkpoint::{EncoderConfigFileError, WeightsError};
use crate::encoder::EncoderError;
use crate::head::ClassifierHeadError;
use crate::tokenizer::TokenizerFileError;
use lelp_data::storage::FileError;

/// Why a folder is no classifier made of an encoder and a head.
#[derive(Debug, Error)]
pub enum EncoderClassifierError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// `config.json` describes no encoder that can be run.
    #[error(transparent)]
    EncoderConfig(#[from] EncoderConfigFileError),
    /// The tokenizer cannot serve the encoder.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerFileError),
    /// The encoder cannot be loaded.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// `teacher.json` or `lelp.json` is not what it should be.
    #[error("`{}` does not describe a classifier", path.display())]
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
        source: ClassifierHeadError,
    },
    /// `teacher.json` tells of other weights.
    #[error(
        "`{}`: teacher.json tells of another head or other weights than stand beside it; restore the files that belong \
         together, or train the head again",
        folder.display()
    )]
    Hash {
        /// The folder.
        folder: PathBuf,
    },
    /// Head and encoder do not fit.
    #[error("`{}`: the encoder gives {encoder} values, but the head takes {head}", folder.display())]
    Width {
        /// The folder.
        folder: PathBuf,
        /// Width of the encoder's output.
        encoder: usize,
        /// Inputs of the head.
        head: usize,
    },
    /// Head and label names do not fit.
    #[error("`{}`: {labels} label names, but the head has {classes} classes", folder.display())]
    Labels {
        /// The folder.
        folder: PathBuf,
        /// Names of labels.
        labels: usize,
        /// Outputs of the head.
        classes: usize,
    },
    /// The folder holds an encoder alone, or one with another head.
    #[error(
        "`{}` holds no classifier: its config names {}, not {wanted}; train a head on it",
        folder.display(),
        if architectures.is_empty() { "no architecture" } else { architectures }
    )]
    NoHead {
        /// The folder.
        folder: PathBuf,
        /// `architectures` in its config.
        architectures: String,
        /// What a classifier of the family is called.
        wanted: &'static str,
    },
    /// The outputs are no logits of classes that exclude each other.
    #[error(
        "`{}` was trained for {problem} with {outputs} output(s), but classes must exclude each other; use a teacher \
         of problem_type single_label_classification",
        folder.display()
    )]
    ProblemType {
        /// The folder.
        folder: PathBuf,
        /// `problem_type`.
        problem: &'static str,
        /// Outputs of the head.
        outputs: usize,
    },
    /// There is nothing to decide.
    #[error("`{}` has 1 class; a classifier needs 2 or more", folder.display())]
    OneClass {
        /// The folder.
        folder: PathBuf,
    },
    /// Two classes of one name.
    #[error("`{}`: label `{label}` names two classes; rename one", folder.display())]
    LabelTwice {
        /// The folder.
        folder: PathBuf,
        /// The name.
        label: String,
    },
}

impl Classified for EncoderClassifierError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Weights(error) => error.kind(),
            Self::EncoderConfig(error) => error.kind(),
            Self::Tokenizer(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

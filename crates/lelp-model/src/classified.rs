//! Who has to act on the errors of this crate.

use lelp::{Classified, ErrorKind};

use crate::checkpoint::{EncoderConfigError, EncoderConfigFileError, JsonFileError, WeightsError};
use crate::encoder::EncoderError;
use crate::engine::EngineError;
use crate::export::ExportError;
use crate::head::ClassifierHeadError;
use crate::mlp::{MlpConfigError, MlpError};
use crate::tfidf::TfidfModelError;
use crate::tokenizer::{TokenizeError, TokenizerError, TokenizerFileError};

/// Errors about the content of what the caller gives.
macro_rules! input {
    ($($error:ty),+ $(,)?) => {
        $(impl Classified for $error {
            fn kind(&self) -> ErrorKind {
                ErrorKind::Input
            }
        })+
    };
}

input!(
    EncoderConfigError,
    ClassifierHeadError,
    MlpConfigError,
    TfidfModelError,
    TokenizeError,
    TokenizerError,
);

impl Classified for ExportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Model(error) => error.kind(),
            Self::Format { .. } | Self::Column { .. } => ErrorKind::Input,
            Self::Weights(error) => error.kind(),
            Self::Config(error) => error.kind(),
            Self::Tokenizer(error) => error.kind(),
            Self::Calibration(error) => error.kind(),
            Self::File(error) => error.kind(),
        }
    }
}

impl Classified for MlpError {
    /// Of a network that is put together of what was trained; in a file every such error is the file's.
    fn kind(&self) -> ErrorKind {
        match self {
            // What was asked for is too large, or training diverged; else we put the network together wrongly.
            Self::Config(error) => error.kind(),
            Self::NotFinite { .. } => ErrorKind::Input,
            _ => ErrorKind::Defect,
        }
    }
}

impl Classified for EngineError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Forked { .. } => ErrorKind::Environment,
            _ => ErrorKind::Defect,
        }
    }
}

impl Classified for EncoderConfigFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Adapter(_) | Self::Invalid { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for JsonFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::LongPrompt { .. } | Self::Json { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for TokenizerFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Settings(error) => error.kind(),
            Self::OtherFormat { .. } | Self::Invalid { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for WeightsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }
}

impl Classified for EncoderError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Config(error) => error.kind(),
            Self::Weights(error) => error.kind(),
            Self::Tokenizer(error) => error.kind(),
            Self::Settings(error) => error.kind(),
            Self::Pooling { .. }
            | Self::Module { .. }
            | Self::PoolingMissing { .. }
            | Self::InnerFolder { .. } => ErrorKind::Input,
            Self::Graph(error) => error.kind(),
        }
    }
}

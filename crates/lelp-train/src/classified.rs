//! Who has to act on the errors of this crate.

use lelp::{Classified, ErrorKind};

use crate::distill::{DistillError, FolderError, SettingsTableError, SplitEncoderError, SplitError};
use crate::encoder::EncoderTrainingError;
use crate::evaluate::EvaluateError;
use crate::head::EmbeddingRowsError;
use crate::students::StudentError;
use crate::students::ngram::{NgramStudentError, ShrinkError};
use crate::students::static_embeddings::PretrainedError;
use crate::task::TaskError;
use crate::teachers::{AnswersError, EmbedError, FineTuneError, HeadTrainingError, SignalsRunError};
use crate::training::{CheckpointError, TrainError, TrainSettingsError};
impl Classified for FolderError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Model(error) => error.kind(),
            Self::Exists(_) | Self::File(_) => ErrorKind::Input,
        }
    }
}

impl Classified for ShrinkError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Rounded(_) | Self::Static => ErrorKind::Input,
            Self::Answer(error) => error.kind(),
            Self::Student(error) => error.kind(),
            Self::Method(_) => ErrorKind::Defect,
            Self::Train(error) => error.kind(),
        }
    }
}

impl Classified for DistillError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Split(error) => error.kind(),
            Self::Student(error) => error.kind(),
            Self::Method(_) | Self::NoSubclasses | Self::NoSignals { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for SplitEncoderError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Embed(error) => error.kind(),
            Self::Signals(_) | Self::Unsound { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for SettingsTableError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for SplitError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Fit(error) => error.kind(),
            Self::Shape(error) => error.kind(),
            Self::Entropy(error) => error.kind(),
            Self::Signals(_) => ErrorKind::Input,
        }
    }
}

impl Classified for EncoderTrainingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Parameters(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Memory { .. } => ErrorKind::Environment,
            Self::Write(_) => ErrorKind::Defect,
            Self::File(_) | Self::Layers { .. } | Self::TooLong { .. } | Self::Setting { .. } => {
                ErrorKind::Input
            }
        }
    }
}

impl Classified for EvaluateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Answer(error) => error.kind(),
            Self::Metrics(error) => error.kind(),
            Self::NoLabels { .. } | Self::Costs { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for EmbeddingRowsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for StudentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Ngram(error) => error.kind(),
            Self::NgramFile(error) => error.kind(),
            Self::Pretrained(error) => error.kind(),
            Self::StaticFile(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Frozen(error) => error.kind(),
            Self::Embeddings(error) => error.kind(),
            Self::Embed(error) => error.kind(),
            Self::Layer(error) => error.kind(),
            Self::Folder(error) => error.kind(),
            Self::Answer(error) => error.kind(),
            Self::Load(error) => error.kind(),
            Self::Evaluate(error) => error.kind(),
            Self::Train(error) => error.kind(),
            Self::Schema(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Tfidf(error) => error.kind(),
            Self::TfidfFile(error) => error.kind(),
            Self::File(_)
            | Self::Static(_)
            | Self::StaticModel(_)
            | Self::Method(_)
            | Self::Column { .. }
            | Self::NoText { .. }
            | Self::InversePenalty(_)
            | Self::LabelsAlone { .. }
            | Self::NoEncoder
            | Self::NoTeacherFolder
            | Self::EncoderOptimizer(_) => ErrorKind::Input,
        }
    }
}

impl Classified for NgramStudentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(error) => error.kind(),
            Self::Layer(error) => error.kind(),
            Self::Table(error) => error.kind(),
            Self::Model(error) => error.kind(),
            Self::Memory { .. } => ErrorKind::Environment,
            Self::Static(_)
            | Self::Rounded
            | Self::Optimizer
            | Self::Dropout { .. }
            | Self::Bucket { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for PretrainedError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Embed(error) => error.kind(),
            Self::Model2Vec(error) => error.kind(),
            Self::Components(error) => error.kind(),
            Self::NoEncoder
            | Self::NoPieces(_)
            | Self::Width { .. }
            | Self::Vocabulary(_)
            | Self::Table(_)
            | Self::Data(_) => ErrorKind::Input,
        }
    }
}

impl Classified for TaskError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for EmbedError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoder(error) => error.kind(),
            Self::Answer(error) => error.kind(),
        }
    }
}

impl Classified for FineTuneError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Text(error) => error.kind(),
            Self::Student(error) => error.kind(),
            Self::Train(error) => error.kind(),
            Self::Labels(_) | Self::File(_) | Self::NoValidationLabels { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for HeadTrainingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Embed(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Embeddings(error) => error.kind(),
            Self::Train(error) => error.kind(),
            Self::Layer(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Data(_)
            | Self::NoText(_)
            | Self::NoEncoder { .. }
            | Self::Labels(_)
            | Self::NoValidationLabels { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for AnswersError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for SignalsRunError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Teacher(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Encoder(error) => error.kind(),
            Self::Answer(error) => error.kind(),
            Self::Data(_) | Self::Folder(_) | Self::Unsound { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for CheckpointError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for TrainSettingsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Input
    }
}

impl Classified for TrainError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings(error) => error.kind(),
            Self::Checkpoint(error) => error.kind(),
            Self::Cancelled { .. } | Self::Threads { .. } => ErrorKind::Environment,
            Self::Outputs { .. } | Self::Embedding { .. } => ErrorKind::Defect,
            Self::NothingToLearn { .. }
            | Self::TooManyRows { .. }
            | Self::Validation(_)
            | Self::Diverged { .. } => ErrorKind::Input,
        }
    }
}

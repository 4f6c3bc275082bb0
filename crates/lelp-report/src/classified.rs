//! Who has to act on the errors of this crate.

use lelp::{Classified, ErrorKind};

use crate::analysis::AnalysisError;
use crate::inspect::{InspectError, StudentSplitError};
use crate::read::ReadError;

impl Classified for AnalysisError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Split(error) => error.kind(),
            Self::Inspect(error) => error.kind(),
            Self::Projection(error) => error.kind(),
            Self::Shape(error) => error.kind(),
            Self::Signals(error) => error.kind(),
        }
    }
}

impl Classified for InspectError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Split(error) => error.kind(),
            Self::Cancelled { .. } => ErrorKind::Environment,
            Self::NotFinite { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for StudentSplitError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Fit { source, .. } => source.kind(),
            Self::Record { .. } | Self::NoSplit { .. } => ErrorKind::Input,
        }
    }
}

impl Classified for ReadError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Environment,
            Self::Json(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Results(error) => error.kind(),
            Self::NoFolder(_)
            | Self::NoRun(_)
            | Self::Shrunk { .. }
            | Self::NoStudent { .. }
            | Self::Unfinished(_) => ErrorKind::Input,
        }
    }
}

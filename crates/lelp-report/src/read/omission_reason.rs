//! Why a part of a run cannot be shown.

use std::path::PathBuf;

use lelp::artifact::ArtifactError;
use lelp_data::storage::FileError;
use lelp_data::{DataError, SignalsFileError};
use lelp_model::{ModelFolderError, PredictError};
use lelp_train::distill::SplitError;
use lelp_train::evaluate::EvaluateError;
use thiserror::Error;

use crate::analysis::AnalysisError;

/// Why a part of a run is left out: its data, signals or model are gone, have changed, or fail.
#[derive(Debug, Error)]
pub(super) enum OmissionReason {
    /// The data set is gone.
    #[error("the data set `{}` does not exist", .0.display())]
    DataNotFound(PathBuf),
    /// The data set has changed.
    #[error("the texts of `{}` are not those that the student was trained on", .0.display())]
    OtherTexts(PathBuf),
    /// There are no test rows.
    #[error("the data set has no test file")]
    NoTestFile,
    /// There never were signals.
    #[error("the student was trained without signals")]
    NoSignals,
    /// The signals are gone.
    #[error("the signals `{}` do not exist", .0.display())]
    SignalsNotFound(PathBuf),
    /// The signals have changed.
    #[error("the signals `{}` come from another teacher", .0.display())]
    OtherTeacher(PathBuf),
    /// A page must not depend on the machine that writes it.
    #[error("it differs from measurement to measurement, and the same run must give the same page")]
    NotReproducible,
    /// The data set cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The signals cannot be read.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file of the split is damaged.
    #[error(transparent)]
    SplitFile(#[from] ArtifactError),
    /// The split cannot be fitted again.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The signals cannot be analysed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The student cannot be loaded.
    #[error(transparent)]
    Model(#[from] ModelFolderError),
    /// The student does not answer the test rows.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// The answers cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

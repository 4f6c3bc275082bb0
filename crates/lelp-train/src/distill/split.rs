//! From signals on disk to directions and targets, chunk by chunk.

use std::num::NonZeroUsize;

use lelp::{ClassMoments, FitError, LelpFit, LelpSettings, Members, ShapeError, TargetSettings};
use thiserror::Error;

use crate::data::{SignalsFileError, SignalsFolder};

/// Why signals could not be split into subclasses.
#[derive(Debug, Error)]
pub enum SplitError {
    /// The signals cannot be read.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// The fit failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Fit and signals do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Class moments of all rows; one part is in memory at a time.
pub fn moments(
    signals: &SignalsFolder,
    members: Members,
    threads: NonZeroUsize,
) -> Result<ClassMoments, SplitError> {
    let mut moments = ClassMoments::new(signals.description().classes, signals.description().width);
    for part in signals.parts() {
        moments.add(&part?.signals()?, members, threads)?;
    }
    Ok(moments)
}

/// Targets of all rows, `[rows, classes * subclasses]`; one part of the embeddings is in memory at a time.
pub fn targets(
    signals: &SignalsFolder,
    fit: &LelpFit,
    settings: TargetSettings,
    threads: NonZeroUsize,
) -> Result<Vec<f32>, SplitError> {
    let mut targets = Vec::new();
    for part in signals.parts() {
        targets.extend(fit.targets(&part?.signals()?, settings, threads)?);
    }
    Ok(targets)
}

/// Directions on the signals that `moments` were gathered from, with the teacher's head and label names.
pub fn fit(
    signals: &SignalsFolder,
    moments: &ClassMoments,
    settings: &LelpSettings,
    threads: NonZeroUsize,
) -> Result<LelpFit, SplitError> {
    let fit = LelpFit::fit(moments, signals.head(), settings, threads)?;
    Ok(fit.with_label_names(signals.description().label_names.clone())?)
}

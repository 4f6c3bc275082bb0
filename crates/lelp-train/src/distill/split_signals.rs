//! From signals on disk to a split of the classes and its targets, part by part.

use std::num::NonZeroUsize;

use lelp::{
    Beta, BetaAtEntropy, EntropyError, FitError, FittedSplit, MakerSettings, Members, ShapeError,
    SplitStatistics, SplitStatisticsBuilder, TargetSettings, Temperature, beta_at_entropy, split_entropy,
};
use thiserror::Error;

use lelp_data::{FineColumn, SignalsFileError, SignalsFolder};

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
    /// No width of the split is as sharp as asked for.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// How sharp a split is: by its width, or by what it comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SplitSharpness {
    /// Width of the softmax over a class's subclasses.
    Beta(Beta),
    /// Mean entropy of the splits, in bits: the same for splits of any kind.
    Entropy(f64),
}

/// The statistics of all rows that `settings` require; one part is read at a time.
pub fn split_statistics(
    signals: &SignalsFolder,
    settings: &MakerSettings,
    members: Members,
    fine: Option<&FineColumn>,
    threads: NonZeroUsize,
) -> Result<SplitStatistics, SplitError> {
    check_fine(signals, fine)?;
    let description = signals.description();
    let mut statistics =
        SplitStatisticsBuilder::new(settings.requirements(), description.classes, description.width, threads);
    for part in signals.parts() {
        let part = part?;
        let fine = fine.map(|fine| fine.rows(part.rows()));
        statistics.add(&part.signals()?, members, fine)?;
    }
    Ok(statistics.finish())
}

/// A split fitted on the statistics of `signals`, with the teacher's head, and the names of classes and fine labels.
pub fn fit_split(
    signals: &SignalsFolder,
    statistics: &SplitStatistics,
    settings: &MakerSettings,
    fine: Option<&FineColumn>,
    threads: NonZeroUsize,
) -> Result<FittedSplit, SplitError> {
    let fit = FittedSplit::from(settings.fit(statistics, signals.head(), threads)?);
    let fit = fit.with_label_names(signals.description().label_names.clone())?;
    Ok(match fine {
        Some(fine) => fit.with_fine_names(fine.names().to_vec()),
        None => fit,
    })
}

/// Targets of all rows, `[rows, classes * subclasses]`; one part of the embeddings is in memory at a time.
pub fn split_targets(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    fine: Option<&FineColumn>,
    settings: TargetSettings,
    threads: NonZeroUsize,
) -> Result<Vec<f32>, SplitError> {
    check_fine(signals, fine)?;
    let mut targets = Vec::new();
    for part in signals.parts() {
        let part = part?;
        let fine = fine.map(|fine| fine.rows(part.rows()));
        targets.extend(fit.targets(&part.signals()?, fine, settings, threads)?);
    }
    Ok(targets)
}

/// Targets as sharp as `sharpness` says, the width that it took, and their entropy.
pub fn split_targets_at(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    fine: Option<&FineColumn>,
    sharpness: SplitSharpness,
    temperature: Temperature,
    threads: NonZeroUsize,
) -> Result<(Vec<f32>, BetaAtEntropy), SplitError> {
    let beta = split_beta(signals, fit, fine, sharpness, temperature, threads)?;
    let targets = split_targets(signals, fit, fine, TargetSettings { beta, temperature }, threads)?;
    let entropy = split_entropy(&targets, fit.classes(), fit.per_class())?;
    Ok((targets, BetaAtEntropy { beta, entropy }))
}

/// The width that makes a split of all rows as sharp as `sharpness` says.
pub fn split_beta(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    fine: Option<&FineColumn>,
    sharpness: SplitSharpness,
    temperature: Temperature,
    threads: NonZeroUsize,
) -> Result<Beta, SplitError> {
    match sharpness {
        SplitSharpness::Beta(beta) => Ok(beta),
        SplitSharpness::Entropy(bits) => beta_of_entropy(signals, fit, fine, bits, temperature, threads),
    }
}

/// The width at which the mean split entropy over all rows is `bits`.
fn beta_of_entropy(
    signals: &SignalsFolder,
    fit: &FittedSplit,
    fine: Option<&FineColumn>,
    bits: f64,
    temperature: Temperature,
    threads: NonZeroUsize,
) -> Result<Beta, SplitError> {
    check_fine(signals, fine)?;
    let (mut scores, mut logits) = (Vec::new(), Vec::new());
    for part in signals.parts() {
        let part = part?;
        let block = part.signals()?;
        scores.extend(fit.scores(&block, fine.map(|fine| fine.rows(part.rows())), threads)?);
        logits.extend_from_slice(block.logits());
    }
    Ok(beta_at_entropy(&scores, &logits, fit.classes(), temperature, bits, threads)?.beta)
}

/// Fine labels of the texts that the signals were made of.
fn check_fine(signals: &SignalsFolder, fine: Option<&FineColumn>) -> Result<(), SignalsFileError> {
    fine.map_or(Ok(()), |fine| signals.check_data(fine.data()))
}

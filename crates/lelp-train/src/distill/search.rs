//! Chooses settings on the validation rows: the same number of trials for every method.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::settings::StudentSettings;
use super::{DistillError, Distillation};
use crate::method::Combination;
use crate::run::{TrainSettings, ValidationRecord};

/// One setting of a method that is tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The method's settings, and those of what is added to it.
    pub method: Combination,
    /// The training's settings.
    pub train: TrainSettings,
}

/// A trial with its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// The trial.
    pub trial: Trial,
    /// Its best epoch's score on the validation rows.
    pub validation: ValidationRecord,
}

/// Trains every trial and gives them all, the best first: most validation rows right, then the smaller
/// negative log-likelihood, then the order of `trials`. `done` is told after each.
pub fn search(
    distillation: &Distillation<'_>,
    student: &StudentSettings,
    trials: &[Trial],
    done: &mut dyn FnMut(),
    cancelled: &AtomicBool,
) -> Result<Vec<Tried>, DistillError> {
    let mut tried = Vec::with_capacity(trials.len());
    for trial in trials {
        let distilled =
            distillation.train(&trial.method, student, &trial.train, None, &mut |_| {}, cancelled)?;
        let validation = distilled.report.best().and_then(|epoch| epoch.validation);
        tried.push(Tried {
            trial: trial.clone(),
            validation: validation.expect("a task always has validation rows"),
        });
        done();
    }
    // A stable sort: among equals the earlier trial stays first. Likelihoods of different methods are not
    // compared, as all trials of one search are of one method.
    tried.sort_by(|a, b| {
        let (a, b) = (a.validation, b.validation);
        b.value.total_cmp(&a.value).then(a.negative_log_likelihood.total_cmp(&b.negative_log_likelihood))
    });
    Ok(tried)
}

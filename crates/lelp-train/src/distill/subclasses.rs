//! Splits and targets for the methods that split classes, on statistics that are gathered once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lelp::{FittedSplit, MakerSettings, Members, SplitStatistics, Temperature};

use super::split_signals::{SplitError, SplitSharpness, fit_split, split_statistics, split_targets_at};
use super::{DistillError, Task};
use lelp_data::{SignalsFolder, gather};
use lelp_method::{MethodSettings, SplitSource, soft_labels};

/// Soft labels of the training rows over all subclasses.
pub(super) struct Targets {
    /// What splits the classes; none where the teacher did it.
    pub(super) fit: Option<FittedSplit>,
    /// `[rows, classes * per_class]`.
    pub(super) values: Vec<f32>,
    pub(super) per_class: usize,
}

/// Who is a member, and of whose embeddings.
type Rule = (Members, SplitSource);

/// Statistics of a task's signals: each serves every number of subclasses and every seed that it can.
#[derive(Debug, Default)]
pub(super) struct Subclasses {
    gathered: Mutex<Vec<(Rule, Arc<SplitStatistics>)>>,
}

impl Subclasses {
    /// Targets on the training rows; nothing for methods that have one output a class.
    ///
    /// The seed of the student is that of the split: of rotations, directions, starts, samples, random splits.
    pub(super) fn targets(
        &self,
        task: &Task,
        method: &MethodSettings,
        seed: u64,
        threads: NonZeroUsize,
    ) -> Result<Option<Targets>, DistillError> {
        let Some(signals) = &task.signals else { return Ok(None) };
        if method.needs().teacher_subclasses {
            return of_teacher(signals, task, method.temperature()).map(Some);
        }
        let Some(split) = method.split() else { return Ok(None) };
        let signals = match split.split_source {
            SplitSource::Given => task.split_signals.as_ref().unwrap_or(signals),
            SplitSource::Teacher => signals,
        };
        let (settings, rule) = (split.maker.with_seed(seed), (split.members, split.split_source));
        let statistics = self.statistics(signals, task, &settings, rule, threads)?;
        let fit = fit_split(signals, &statistics, &settings, task.fine.as_ref(), threads)?;
        let sharpness = match split.entropy {
            Some(bits) => SplitSharpness::Entropy(bits),
            None => SplitSharpness::Beta(split.beta),
        };
        let temperature = split.temperature;
        let (targets, _) =
            split_targets_at(signals, &fit, task.fine.as_ref(), sharpness, temperature, threads)?;
        let values = of_training_rows(task, targets, fit.outputs());
        Ok(Some(Targets { per_class: fit.per_class(), fit: Some(fit), values }))
    }

    fn statistics(
        &self,
        signals: &SignalsFolder,
        task: &Task,
        settings: &MakerSettings,
        rule: Rule,
        threads: NonZeroUsize,
    ) -> Result<Arc<SplitStatistics>, SplitError> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let required = settings.requirements();
        let serves =
            |(of, statistics): &&(Rule, Arc<SplitStatistics>)| *of == rule && statistics.satisfy(required);
        if let Some((_, statistics)) = gathered.iter().find(serves) {
            return Ok(Arc::clone(statistics));
        }
        let statistics = Arc::new(split_statistics(signals, settings, rule.0, task.fine.as_ref(), threads)?);
        gathered.push((rule, Arc::clone(&statistics)));
        Ok(statistics)
    }
}

/// The teacher's probabilities over its own subclasses.
fn of_teacher(
    signals: &SignalsFolder,
    task: &Task,
    temperature: Temperature,
) -> Result<Targets, DistillError> {
    let logits = signals.subclass_logits().map_err(SplitError::from)?.ok_or(DistillError::NoSubclasses)?;
    let per_class = signals.description().subclasses.get();
    let columns = signals.description().classes * per_class;
    let values = of_training_rows(task, soft_labels(&logits, columns, temperature.get()), columns);
    Ok(Targets { fit: None, values, per_class })
}

/// The training rows of an array over the training file.
fn of_training_rows(task: &Task, values: Vec<f32>, columns: usize) -> Vec<f32> {
    match &task.train_rows {
        None => values,
        Some(rows) => gather(&values, columns, rows),
    }
}

//! Splits and targets for the methods that split classes, on evidence that is gathered once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lelp::{Beta, Evidence, Members, SplitSettings, SubclassFit, Temperature};

use super::split::{Sharp, SplitError, evidence, fit, targets_as_sharp};
use super::{DistillError, Task, task};
use crate::data::SignalsFolder;
use crate::method::{MethodSettings, Split};

/// Evidence of a task's signals: each serves every number of subclasses and every seed that it can.
#[derive(Debug, Default)]
pub(super) struct Subclasses {
    gathered: Mutex<Vec<(Members, Arc<Evidence>)>>,
}

impl Subclasses {
    /// Split and targets on the training rows; nothing for methods that split no classes.
    ///
    /// The seed of the student is that of the split: of rotations, directions, starts, samples, random splits.
    pub(super) fn split(
        &self,
        task: &Task,
        method: &MethodSettings,
        seed: u64,
        threads: NonZeroUsize,
    ) -> Result<Option<(SubclassFit, Vec<f32>)>, DistillError> {
        let (Some(signals), Some(split)) = (&task.signals, method.split(seed)?) else { return Ok(None) };
        let Split { settings, members, beta, entropy } = split;
        let evidence = self.evidence(signals, task, &settings, members, threads)?;
        let fit = fit(signals, &evidence, &settings, task.fine.as_ref(), threads)?;
        let sharp = match entropy {
            Some(bits) => Sharp::Entropy(bits),
            None => Sharp::Beta(Beta::new(beta)?),
        };
        let temperature = Temperature::new(method.temperature())?;
        let (targets, _) = targets_as_sharp(signals, &fit, task.fine.as_ref(), sharp, temperature, threads)?;
        let targets = match &task.train_rows {
            None => targets,
            Some(rows) => task::gather(&targets, fit.outputs(), rows),
        };
        Ok(Some((fit, targets)))
    }

    fn evidence(
        &self,
        signals: &SignalsFolder,
        task: &Task,
        settings: &SplitSettings,
        members: Members,
        threads: NonZeroUsize,
    ) -> Result<Arc<Evidence>, SplitError> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let serves =
            |(rule, evidence): &&(Members, Arc<Evidence>)| *rule == members && evidence.serves(settings);
        if let Some((_, evidence)) = gathered.iter().find(serves) {
            return Ok(Arc::clone(evidence));
        }
        let evidence = Arc::new(evidence(signals, settings, members, task.fine.as_ref(), threads)?);
        gathered.push((members, Arc::clone(&evidence)));
        Ok(evidence)
    }
}

//! Subclass Distillation: the student matches the subclasses that the teacher made for itself.

use std::borrow::Cow;

use lelp::{Parameter, SplitWeight, Temperature};
use serde::{Deserialize, Serialize};

use super::kd::{SOFTNESS, SoftTargetLoss, TEMPERATURE};
use super::split::{FOUND_SUBCLASSES, SPLIT_WEIGHT};
use crate::Method;
use crate::alpha::{ALPHA, Alpha};
use crate::error::MethodError;
use crate::loss::{Loss, MethodSettings};
use crate::needs::Needs;
use crate::supervision::Supervision;

/// Settings of `subclass`, which needs the signals of a teacher with subclasses.
///
/// The targets are the teacher's probabilities over all its subclasses, `softmax(subclass logits / temperature)`; the
/// loss is that of [`SoftTargetLoss`].
///
/// # Source
/// Mueller, Kornblith and Hinton 2020, arXiv:2002.03936.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubclassSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
    /// Weight of the split within classes beside the probabilities of the classes.
    pub split_weight: SplitWeight,
    /// Subclasses of each class: the teacher's, filled in when its signals are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subclasses: Option<usize>,
}

impl Loss for SubclassSettings {
    fn name(&self) -> &'static str {
        "subclass"
    }

    fn summary(&self) -> String {
        "The subclasses that a teacher with outputs for them made for itself".to_owned()
    }

    fn source(&self) -> &'static str {
        "Mueller, Kornblith and Hinton 2020, arXiv:2002.03936"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![ALPHA, TEMPERATURE.searched(SOFTNESS), SPLIT_WEIGHT, FOUND_SUBCLASSES]
    }

    fn needs(&self) -> Needs {
        Needs { teacher_subclasses: true, ..Needs::of_targets() }
    }

    fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn temperature(&self) -> Temperature {
        self.temperature
    }

    fn subclasses(&self) -> usize {
        self.subclasses.unwrap_or(1)
    }

    fn with_found_subclasses(&self, subclasses: usize) -> Option<MethodSettings> {
        Some(Self { subclasses: Some(subclasses), ..*self }.into())
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let (classes, subclasses) = (supervision.classes, Loss::subclasses(self));
        let targets = Cow::Borrowed(supervision.checked_targets(self.name(), subclasses)?);
        let loss = SoftTargetLoss::new(self.name(), targets, classes, subclasses, self.temperature.get());
        Ok(Some(Box::new(loss.with_split_weight(self.split_weight))))
    }
}

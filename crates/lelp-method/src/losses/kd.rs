//! Distillation of soft labels: `kd`, and with subclasses `lelp`.

use std::borrow::Cow;

use lelp::{Parameter, Search, SplitWeight, Temperature, Values};
use serde::{Deserialize, Serialize};

use crate::alpha::{ALPHA, Alpha};
use crate::error::MethodError;
use crate::loss::Loss;
use crate::needs::Needs;
use crate::softmax::soft_labels;
use crate::split_distillation::split_distillation;
use crate::supervision::Supervision;
use crate::{Batch, Gradients, Method, RowWise, TermSum};

/// As methods describe it.
pub(super) const TEMPERATURE: Parameter =
    Parameter::new("temperature", Values::Positive, "softens teacher and student alike");
/// What a search tries of it.
pub(super) const SOFTNESS: Search = Search::Choices(&[1.0, 2.0, 4.0]);

/// Settings of `kd`, and of the `kd` beneath methods that add to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KdSettings {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
}

impl KdSettings {
    /// The loss for the method `method`, which asks for the teacher's logits.
    pub(super) fn build_for<'a>(
        &self,
        method: &'static str,
        supervision: Supervision<'a>,
    ) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let (classes, temperature) = (supervision.classes, self.temperature.get());
        let targets = soft_labels(supervision.checked_logits(method)?, classes, temperature);
        let loss = SoftTargetLoss::new(self.name(), Cow::Owned(targets), classes, 1, temperature);
        Ok(Some(Box::new(loss)))
    }
}

impl Loss for KdSettings {
    fn name(&self) -> &'static str {
        "kd"
    }

    fn summary(&self) -> String {
        "The teacher's probabilities".to_owned()
    }

    fn source(&self) -> &'static str {
        "Hinton, Vinyals and Dean 2015, arXiv:1503.02531"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![ALPHA, TEMPERATURE.searched(SOFTNESS)]
    }

    fn needs(&self) -> Needs {
        Needs::of_logits()
    }

    fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn temperature(&self) -> Temperature {
        self.temperature
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        self.build_for(self.name(), supervision)
    }
}

/// Soft labels over the student's outputs.
///
/// Labels are mixed in by [`WeightedSum`](crate::WeightedSum): the loss of a row with label `y` is
/// `(1 - alpha) T^2 KL(t || softmax(s / T)) + alpha CE(y, collapsed s)`, or with a split weight other than 1 that of
/// [`split_distillation`] in place of the divergence; that of a row without a label is its first
/// part alone. The batch loss is the sum over all rows of the batch divided by their number, labelled or not: what a
/// row weighs does not depend on the rows it is drawn with. At `alpha = 1` rows without a label teach nothing and are
/// left out.
///
/// # Source
/// Hinton, Vinyals and Dean 2015, arXiv:1503.02531; with subclasses Loo et al., arXiv:2409.20449, section 3.
#[derive(Debug)]
pub struct SoftTargetLoss<'a> {
    /// The method whose targets these are, and whose name the term has.
    term: [&'static str; 1],
    /// `[rows, classes * subclasses]`
    targets: Cow<'a, [f32]>,
    classes: usize,
    subclasses: usize,
    temperature: f64,
    split_weight: SplitWeight,
}

impl<'a> SoftTargetLoss<'a> {
    /// Over checked targets, softened by `temperature`; the split within classes has its full weight.
    pub(super) fn new(
        term: &'static str,
        targets: Cow<'a, [f32]>,
        classes: usize,
        subclasses: usize,
        temperature: f64,
    ) -> Self {
        let split_weight = SplitWeight::default();
        Self { term: [term], targets, classes, subclasses, temperature, split_weight }
    }

    /// The same with another weight of the split within classes.
    pub(super) fn with_split_weight(self, split_weight: SplitWeight) -> Self {
        Self { split_weight, ..self }
    }
}

impl Method for SoftTargetLoss<'_> {
    fn outputs(&self) -> usize {
        self.classes * self.subclasses
    }

    fn subclasses(&self) -> usize {
        self.subclasses
    }

    fn terms(&self) -> &[&'static str] {
        &self.term
    }

    fn teaches(&self, _row: usize) -> bool {
        true
    }

    fn row_wise(&self) -> Option<&dyn RowWise> {
        Some(self)
    }

    fn learn(&mut self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        self.gradient(batch, gradients, sums);
    }
}

impl RowWise for SoftTargetLoss<'_> {
    fn gradient(&self, batch: &Batch<'_>, gradients: &mut Gradients<'_>, sums: &mut [TermSum]) {
        let Self { subclasses, temperature, split_weight, .. } = *self;
        let width = self.outputs();
        for (row, outputs, gradient) in batch.row_by_row(gradients.outputs) {
            let targets = &self.targets[row * width..][..width];
            let share = batch.share;
            let loss =
                split_distillation(targets, outputs, subclasses, temperature, split_weight, share, gradient);
            sums[0].add(loss);
        }
    }
}

//! From settings and what is known about the training rows to a method.

use std::borrow::Cow;

use super::Method;
use super::ce::{CeSettings, CrossEntropy};
use super::crd::CrdLoss;
use super::dist::DistLoss;
use super::dkd::DkdLoss;
use super::embeddings::Pair;
use super::error::MethodError;
use super::fitnet::FitnetLoss;
use super::kd::SoftTargetLoss;
use super::lskd::LskdLoss;
use super::objective::Objective;
use super::rkd::RkdLoss;
use super::settings::{AuxiliaryTerm, MethodSettings};
use super::softmax::soft_labels;
use super::supervision::{StudentShape, Supervision};
use super::vid::VidLoss;
use super::weighted_sum::{Part, WeightedSum};

impl MethodSettings {
    /// The method alone: [`Objective::build`] with nothing added.
    pub fn build<'a>(
        &self,
        supervision: Supervision<'a>,
        student: &StudentShape,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        Objective::from(*self).build(supervision, student)
    }

    /// The loss of the student's outputs against the teacher's, without labels; none for `ce`.
    fn outputs<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let Supervision { rows, classes, .. } = supervision;
        let logits = || array("teacher logits", self.name(), supervision.logits, rows, classes);
        Ok(Some(match self {
            Self::Ce(_) => return Ok(None),
            Self::Kd(_) | Self::Fitnet(_) | Self::Vid(_) | Self::Rkd(_) | Self::Crd(_) => {
                let targets = Cow::Owned(soft_labels(logits()?, classes, self.temperature()));
                Box::new(SoftTargetLoss::new("kd", targets, classes, 1, self.temperature()))
            }
            Self::Lelp(_)
            | Self::Kmeans(_)
            | Self::Agglomerative(_)
            | Self::TsneKmeans(_)
            | Self::RandomProjection(_)
            | Self::RandomSubclass(_)
            | Self::Oracle(_)
            | Self::Subclass(_) => {
                let subclasses = self.subclasses();
                let columns = classes.saturating_mul(subclasses);
                let targets = array("targets", self.name(), supervision.targets, rows, columns)?;
                let targets = Cow::Borrowed(targets);
                Box::new(SoftTargetLoss::new(self.name(), targets, classes, subclasses, self.temperature()))
            }
            Self::Dkd(settings) => Box::new(DkdLoss::new(supervision, logits()?, *settings)),
            Self::Dist(settings) => Box::new(DistLoss::new(logits()?, classes, *settings)),
            Self::Lskd(settings) => Box::new(LskdLoss::new(logits()?, classes, *settings)),
        }))
    }
}

impl Objective {
    /// The methods over what is known about the training rows, for a student as `student`.
    ///
    /// # Errors
    /// All that the methods need is checked here, before the first step: settings, lengths, labels, finite values.
    pub fn build<'a>(
        &self,
        supervision: Supervision<'a>,
        student: &StudentShape,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        self.check()?;
        supervision.check_labels(self.needs().labels.then(|| self.base.name()))?;
        let alpha = self.base.alpha();
        let mut parts = Vec::new();
        if let Some(method) = self.base.outputs(supervision)? {
            parts.push(Part { weight: 1.0 - alpha, method });
        }
        let ce = match self.base {
            MethodSettings::Ce(settings) => settings,
            _ => CeSettings::default(),
        };
        let labels = CrossEntropy::new(supervision, self.base.subclasses(), ce);
        parts.push(Part { weight: alpha, method: Box::new(labels) });
        for added in self.added() {
            let method = added.build(supervision, self.base.subclasses(), student)?;
            parts.push(Part { weight: 1.0, method });
        }
        Ok(Box::new(WeightedSum::new(parts)))
    }
}

impl AuxiliaryTerm {
    fn build<'a>(
        &self,
        supervision: Supervision<'a>,
        subclasses: usize,
        student: &StudentShape,
    ) -> Result<Box<dyn Method + 'a>, MethodError> {
        let Supervision { rows, classes, .. } = supervision;
        let missing = MethodError::Missing { method: self.name(), what: "teacher embeddings" };
        let teacher = supervision.embeddings.ok_or(missing)?;
        if teacher.rows() != rows || teacher.width() == 0 {
            let (columns, given) = (teacher.width(), teacher.rows() * teacher.width());
            let wanted = rows.saturating_mul(columns.max(1));
            return Err(MethodError::Length { what: "teacher embeddings", rows, columns, wanted, given });
        }
        let pair = Pair { shape: (classes, subclasses), teacher, student: *student };
        Ok(match self {
            Self::Fitnet(settings) => Box::new(FitnetLoss::new(pair, *settings)),
            Self::Vid(settings) => Box::new(VidLoss::new(pair, *settings)),
            Self::Rkd(settings) => Box::new(RkdLoss::new(pair, *settings)),
            Self::Crd(settings) => {
                let logits = array("teacher logits", self.name(), supervision.logits, rows, classes)?;
                Box::new(CrdLoss::new(pair, *settings, &supervision, logits)?)
            }
        })
    }
}

/// An array `[rows, columns]` of finite values that the method cannot do without.
fn array<'a>(
    what: &'static str,
    method: &'static str,
    values: Option<&'a [f32]>,
    rows: usize,
    columns: usize,
) -> Result<&'a [f32], MethodError> {
    let values = values.ok_or(MethodError::Missing { method, what })?;
    let (wanted, given) = (rows.saturating_mul(columns), values.len());
    if wanted != given {
        return Err(MethodError::Length { what, rows, columns, wanted, given });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(place) => Err(MethodError::Value { what, row: place / columns, value: values[place] }),
    }
}

//! Distillation of soft labels: `kd`, and with subclasses `lelp`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::loss::{collapsed_cross_entropy, distillation};
use super::supervision::Supervision;
use super::{Method, TermSum};

/// Settings of `kd`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KdSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
}

impl Default for KdSettings {
    fn default() -> Self {
        Self { alpha: 0.0, temperature: 1.0 }
    }
}

/// Soft labels `t` over the student's outputs `s`, mixed with labels where there are some.
///
/// The loss of a row with label `y` is `(1 - alpha) T^2 KL(t || softmax(s / T)) + alpha CE(y, collapsed s)`;
/// that of a row without a label is its first part alone. The batch loss is the sum over all rows of the
/// batch divided by their number, labelled or not: what a row weighs does not depend on the rows it is
/// drawn with. At `alpha = 1` rows without a label teach nothing and are left out.
///
/// # Source
/// Hinton, Vinyals and Dean 2015, arXiv:1503.02531; with subclasses Loo et al., arXiv:2409.20449, section 3.
#[derive(Debug)]
pub struct Distillation<'a> {
    supervision: Supervision<'a>,
    /// `[rows, classes * subclasses]`
    targets: Cow<'a, [f32]>,
    subclasses: usize,
    settings: KdSettings,
}

impl<'a> Distillation<'a> {
    /// Over checked supervision and targets.
    pub(super) fn new(
        supervision: Supervision<'a>,
        targets: Cow<'a, [f32]>,
        subclasses: usize,
        settings: KdSettings,
    ) -> Self {
        Self { supervision, targets, subclasses, settings }
    }
}

/// `softmax(logits / temperature)` of each row of `[rows, classes]`, in `f64` inside.
pub(super) fn soft_labels(logits: &[f32], classes: usize, temperature: f64) -> Vec<f32> {
    let mut targets = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let weight = |&logit: &f32| ((f64::from(logit) - most) / temperature).exp();
        let total: f64 = row.iter().map(weight).sum();
        targets.extend(row.iter().map(|logit| (weight(logit) / total) as f32));
    }
    targets
}

impl Method for Distillation<'_> {
    fn outputs(&self) -> usize {
        self.supervision.classes * self.subclasses
    }

    fn subclasses(&self) -> usize {
        self.subclasses
    }

    fn terms(&self) -> &'static [&'static str] {
        &["distillation", "cross_entropy"]
    }

    fn teaches(&self, row: usize) -> bool {
        self.settings.alpha < 1.0 || self.supervision.label(row).is_some()
    }

    fn gradient(
        &self,
        rows: &[u32],
        batch: usize,
        outputs: &[f32],
        gradient: &mut [f32],
        sums: &mut [TermSum],
    ) {
        let width = self.outputs();
        let KdSettings { alpha, temperature } = self.settings;
        let (soft, hard) = ((1.0 - alpha) / batch as f64, alpha / batch as f64);
        gradient.fill(0.0);
        for ((&row, outputs), gradient) in
            rows.iter().zip(outputs.chunks_exact(width)).zip(gradient.chunks_exact_mut(width))
        {
            let row = row as usize;
            let targets = &self.targets[row * width..(row + 1) * width];
            sums[0].add(distillation(targets, outputs, temperature, soft, gradient));
            if let Some(label) = self.supervision.label(row) {
                sums[1].add(collapsed_cross_entropy(label, self.subclasses, outputs, hard, gradient));
            }
        }
    }
}

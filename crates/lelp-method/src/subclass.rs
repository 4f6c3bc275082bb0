//! Subclass Distillation: the student matches the subclasses that the teacher made for itself.

use serde::{Deserialize, Serialize};

/// Settings of `subclass`, which needs the signals of a teacher with subclasses (`lelp teach --subclasses`).
///
/// The targets are the teacher's probabilities over all its subclasses, `softmax(subclass logits / temperature)`; the
/// loss is that of [`SoftTargetLoss`](super::SoftTargetLoss).
///
/// # Source
/// Mueller, Kornblith and Hinton 2020, arXiv:2002.03936.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubclassSettings {
    /// Weight of the labels' cross-entropy, 0 to 1; distillation has the rest.
    pub alpha: f64,
    /// Softens the teacher and the student alike; above 0.
    pub temperature: f64,
    /// Subclasses of each class: the teacher's, filled in when its signals are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subclasses: Option<usize>,
}

impl Default for SubclassSettings {
    fn default() -> Self {
        Self { alpha: 0.0, temperature: 1.0, subclasses: None }
    }
}

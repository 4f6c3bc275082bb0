//! By what the best epoch and the best settings are chosen.

use lelp::metrics::Evaluation;
use serde::{Deserialize, Serialize};

/// By what the best epoch and the best settings are chosen on the validation rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectionMetric {
    /// Share of rows that are right; among equals, the negative log-likelihood.
    #[default]
    Accuracy,
    /// Mean of the classes' F1: a class counts however few rows it has.
    MacroF1,
    /// Area under the ROC curve: how well rows are ranked, wherever the threshold is.
    Auc,
    /// Mean negative log-likelihood of the right classes: how good the probabilities are.
    LogLoss,
}

impl SelectionMetric {
    /// Whether it is the default.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub fn is_accuracy(&self) -> bool {
        *self == Self::Accuracy
    }

    /// What is to be large; none for accuracy, which every score has. Without rows of two classes the area is that of
    /// luck, a half.
    pub(super) fn value(self, evaluation: &Evaluation) -> Option<f64> {
        match self {
            Self::Accuracy => None,
            Self::MacroF1 => Some(evaluation.macro_f1()),
            Self::Auc => Some(evaluation.auc().unwrap_or(0.5)),
            Self::LogLoss => Some(-evaluation.negative_log_likelihood()),
        }
    }
}

//! Settings of the baseline.

use serde::{Deserialize, Serialize};

/// How strongly the baseline is held back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TfidfStudentSettings {
    /// Inverse of the weight of the L2 penalty, `C` of scikit-learn: the penalty is `|weights|^2 / (2 C rows)` beside the mean
    /// cross-entropy. Where it is not given, the best of 1, 10 and 100 on the validation rows.
    pub inverse_penalty: Option<f64>,
}

//! Settings of the baseline.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::train::PreparedTfidf;
use crate::students::{PreparedStudent, Resources, Student, StudentError, StudentKind};
use crate::task::Task;

/// How strongly the baseline is held back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TfidfStudentSettings {
    /// Inverse of the weight of the L2 penalty, `C` of scikit-learn: the penalty is `|weights|^2 / (2 C rows)` beside the mean
    /// cross-entropy. Where it is not given, the best of 1, 10 and 100 on the validation rows.
    pub inverse_penalty: Option<f64>,
}

impl Student for TfidfStudentSettings {
    fn kind(&self) -> &'static StudentKind {
        &super::KIND
    }

    fn prepare(
        &self,
        task: &Task,
        _resources: &Resources<'_>,
        _progress: &mut dyn FnMut(usize),
        _cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError> {
        Ok(Box::new(PreparedTfidf::new(*self, task)?))
    }
}

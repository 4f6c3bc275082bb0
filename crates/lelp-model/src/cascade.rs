//! How sure a student must be to answer in its teacher's place, as it was chosen and stands beside the student.

use std::path::Path;

use lelp_data::storage::{self, FileError};
use lelp_data::{BoundedJsonError, read_json_if_there};
use serde::{Deserialize, Serialize};

/// In a student's folder.
const FILE: &str = "cascade.json";

/// The threshold that was chosen, and what it promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CascadeChoice {
    /// The least probability of the student's class at which it answers; above 1, the teacher answers all.
    pub threshold: f64,
    /// Share of rows that are answered as the teacher answers, at least.
    pub agreement: f64,
    /// How sure that is.
    pub confidence: f64,
    /// Rows that it was chosen on.
    pub rows: usize,
    /// Share of them that goes to the teacher.
    pub to_teacher: f64,
    /// The student's calibration at the time; with another one its probabilities say something else.
    pub temperature: Option<f64>,
}

impl CascadeChoice {
    /// The choice for the student in `folder`, if there is one.
    pub fn of(folder: &Path) -> Result<Option<Self>, BoundedJsonError> {
        read_json_if_there(&folder.join(FILE))
    }

    /// Puts it beside the student in `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        storage::write(&folder.join(FILE), &storage::pretty_json(self))
    }
}

//! How sure a student must be to answer in its teacher's place, as it was chosen and stands beside the student.

use std::path::Path;

use lelp::stats::CascadePoint;
use lelp_data::storage::{self, FileError};
use lelp_data::{BoundedJsonError, SignalsFolder, read_json_if_there};
use serde::{Deserialize, Serialize};

use crate::identity::{CASCADE_FILE, model_hash};
use crate::model_folder_error::ModelFolderError;
use crate::predictor::Predictor;

/// The threshold that was chosen, what it promises, and what others would have given.
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
    /// Whose answers it was chosen by.
    pub teacher: CascadeTeacher,
    /// From the teacher alone to the student alone; of thresholds that keep the same rows the strictest.
    pub curve: Vec<CascadeFigures>,
}

/// The teacher of a cascade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CascadeTeacher {
    /// Name of its folder, or of that of its signals.
    pub name: String,
    /// What tells it from others; none where its signals do not say.
    pub hash: Option<String>,
}

/// A threshold with what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CascadeFigures {
    /// What becomes of the rows.
    #[serde(flatten)]
    pub point: CascadePoint,
    /// Share of rows that go to the teacher.
    pub to_teacher: f64,
    /// Share of labelled rows that are answered rightly, where there are some.
    pub accuracy: Option<f64>,
    /// Cost of a million rows, where the teacher's price is given.
    pub cost: Option<f64>,
}

impl CascadeChoice {
    /// The choice for the student in `folder`, if there is one.
    pub fn of(folder: &Path) -> Result<Option<Self>, BoundedJsonError> {
        read_json_if_there(&folder.join(CASCADE_FILE))
    }

    /// Puts it beside the student in `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        storage::write(&folder.join(CASCADE_FILE), &storage::pretty_json(self))
    }
}

impl CascadeTeacher {
    /// The model in `folder`.
    ///
    /// # Errors
    /// [`ModelFolderError`] if its files can no longer be read.
    pub fn of(model: &dyn Predictor, folder: &Path) -> Result<Self, ModelFolderError> {
        Ok(Self { name: named(folder), hash: Some(model_hash(model, folder)?) })
    }

    /// The one that gave these signals.
    #[must_use]
    pub fn of_signals(signals: &SignalsFolder) -> Self {
        Self { name: named(signals.folder()), hash: signals.description().teacher.clone() }
    }

    /// Whether both are known, and are not the same.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        matches!((&self.hash, &other.hash), (Some(own), Some(other)) if own != other)
    }
}

/// The folder's own name, also where the path ends in `.` or is a link; none of the root.
#[must_use]
pub fn folder_name(folder: &Path) -> Option<String> {
    let own = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    own(folder).or_else(|| own(&folder.canonicalize().ok()?))
}

/// The folder's name, or its path where it has none.
fn named(folder: &Path) -> String {
    folder_name(folder).unwrap_or_else(|| folder.display().to_string())
}

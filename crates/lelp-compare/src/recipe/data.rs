//! The data sets of a recipe.

use std::path::{Path, PathBuf};

use lelp_data::ColumnSettings;
use lelp_train::distill::ClassWeights;
use serde::Deserialize;

/// A data set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataEntry {
    /// Its name in tables.
    pub name: String,
    /// Where its train, validation and test files are.
    pub path: DataLocation,
    /// Training rows whose labels are kept, by hash of the text; the others count as unlabelled.
    pub labelled: Option<usize>,
    /// Files of further training rows without labels, below the folder of the data; the teacher answers them.
    #[serde(default)]
    pub unlabelled: Vec<PathBuf>,
    /// What one of them counts where a row of the training file counts 1.
    #[serde(default = "one")]
    pub unlabelled_weight: f64,
    /// What the rows of each class weigh in the losses of all methods.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Names of the columns.
    #[serde(default)]
    pub columns: ColumnSettings,
}

fn one() -> f64 {
    1.0
}

/// Where a data set is: in a recipe a folder, or the word `bundled`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub enum DataLocation {
    /// The queries that come with lelp, which the caller puts into the comparison's folder.
    Bundled,
    /// A folder, below that of the data.
    Folder(PathBuf),
}

impl DataLocation {
    /// The word for the bundled queries, also the name of their folder.
    pub const BUNDLED: &str = "bundled";

    /// The folder, where the folder of the data is `data` and that of the comparison is `out`.
    #[must_use]
    pub fn resolve(&self, data: &Path, out: &Path) -> PathBuf {
        match self {
            Self::Bundled => out.join(Self::BUNDLED),
            Self::Folder(path) => data.join(path),
        }
    }
}

impl From<PathBuf> for DataLocation {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == Self::BUNDLED { Self::Bundled } else { Self::Folder(path) }
    }
}

//! Which columns of a data set are read as what.

use lelp_data::Columns;
use serde::{Deserialize, Serialize};

/// Names of the columns, and of the classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnSettings {
    /// Column of the text; `text` by default.
    pub text: Option<String>,
    /// Column of the second text; `text_pair`, where there is one, by default.
    pub pair: Option<String>,
    /// Column of the label; `label`, where there is one, by default.
    pub label: Option<String>,
    /// Column of fine labels, for `oracle`.
    pub fine: Option<String>,
    /// Names of the classes, in order; by default as the training file has them.
    pub labels: Option<Vec<String>>,
}

impl ColumnSettings {
    /// The columns as readers take them.
    #[must_use]
    pub fn columns(&self) -> Columns {
        Columns::named(self.text.clone(), self.pair.clone(), self.label.clone())
    }
}

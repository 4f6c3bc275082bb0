//! A column of fine labels, for the split that knows the truth.

use std::ops::Range;
use std::path::Path;

use lelp::FineLabels;

use crate::columns::{ColumnRequest, Columns};
use crate::dataset::Dataset;
use crate::error::DataError;

/// The fine labels of a data set's rows.
#[derive(Debug, Clone)]
pub struct FineColumn {
    data: Dataset,
    of_rows: Vec<i32>,
}

impl FineColumn {
    /// Reads the column `fine` of a file, beside its texts.
    ///
    /// Names and numbers become labels as those of the label column do; nothing and -1 are no label. With
    /// `known`, the labels are those, in that order.
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be read, has no such column, or has a label that is not known.
    pub fn open(
        file: &Path,
        columns: &Columns,
        fine: &str,
        known: Option<&[String]>,
    ) -> Result<Self, DataError> {
        let columns = Columns {
            label: ColumnRequest::Required(fine.to_owned()),
            label_name: ColumnRequest::No,
            ..columns.clone()
        };
        let data = Dataset::open(file, &columns)?;
        let data = match known {
            Some(known) => data.with_labels(known)?,
            None => data,
        };
        let of_rows = data.signal_labels().unwrap_or_else(|| vec![-1; data.rows()]);
        Ok(Self { data, of_rows })
    }

    /// The texts beside the fine labels.
    #[must_use]
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Names of the fine labels, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.data.label_names()
    }

    /// The same, and `rows` further rows without a fine label.
    #[must_use]
    pub fn with_unlabelled(mut self, rows: usize) -> Self {
        self.of_rows.resize(self.of_rows.len() + rows, -1);
        self
    }

    /// The fine labels of some rows.
    ///
    /// # Panics
    /// If `rows` ends behind the last row.
    #[must_use]
    pub fn rows(&self, rows: Range<u64>) -> FineLabels<'_> {
        let of_rows = &self.of_rows[rows.start as usize..rows.end as usize];
        FineLabels::new(of_rows, self.names().len()).expect("labels of a data set are below their number")
    }
}

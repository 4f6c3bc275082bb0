//! Train, validation and test.

use std::path::{Path, PathBuf};

use crate::columns::Columns;
use crate::dataset::{Dataset, Rows};
use crate::error::DataError;
use crate::fingerprint::row_hash;
use crate::formats::Format;

/// A data set in up to three parts that share their classes.
#[derive(Debug, Clone)]
pub struct Splits {
    /// What is trained on.
    pub train: Dataset,
    /// What settings and the best epoch are chosen on.
    pub validation: Option<Dataset>,
    /// What is read once, to report.
    pub test: Option<Dataset>,
}

impl Splits {
    /// Opens a folder with `train`, `validation` (or `valid`, `dev`) and `test` files, or a single file (train).
    ///
    /// The classes are `labels` where given (a user's list, a model's), otherwise those of the train file.
    pub fn open(path: &Path, columns: &Columns, labels: Option<&[String]>) -> Result<Self, DataError> {
        let (train, validation, test) = if path.is_dir() {
            let train = find(path, "train", &["train"])?;
            let train = train.ok_or_else(|| DataError::NoTrain {
                folder: path.to_owned(),
                known: Format::all_endings().collect(),
            })?;
            let validation = find(path, "validation", &["validation", "valid", "dev"])?;
            (train, validation, find(path, "test", &["test"])?)
        } else {
            (path.to_owned(), None, None)
        };
        let mut train = Dataset::open(&train, columns)?;
        if let Some(labels) = labels {
            train = train.with_labels(labels)?;
        }
        train.check_classes()?;
        let names = train.label_names().to_vec();
        let open = |path: PathBuf| {
            let other = Dataset::open(&path, columns)?;
            // An unlabelled train file has no classes to share.
            if names.is_empty() { Ok(other) } else { other.with_labels(&names) }
        };
        Ok(Self { train, validation: validation.map(open).transpose()?, test: test.map(open).transpose()? })
    }

    /// Rows to learn from, and rows to choose the best epoch on: a tenth of the training file where there is no other.
    pub fn learning(&self) -> Result<(Dataset, Dataset), DataError> {
        if let Some(validation) = &self.validation {
            return Ok((self.train.clone(), validation.clone()));
        }
        let rows = hold_out(&self.train)?;
        Ok((self.train.select(&rows.train), self.train.select(&rows.validation)))
    }
}

/// The one file of `folder` that is called by one of `names` and a known ending.
fn find(folder: &Path, split: &'static str, names: &[&str]) -> Result<Option<PathBuf>, DataError> {
    let candidates = names
        .iter()
        .flat_map(|name| Format::all_endings().map(move |ending| folder.join(format!("{name}.{ending}"))));
    let mut present = candidates.filter(|path| path.is_file());
    match (present.next(), present.next()) {
        (Some(first), Some(second)) => Err(DataError::TwoFiles { split, first, second }),
        (first, _) => Ok(first),
    }
}

/// Rows kept for training and rows held out, both in the order of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldOut {
    /// About nine tenths.
    pub train: Rows,
    /// About a tenth, at least one row.
    pub validation: Rows,
}

/// Holds out a tenth of the rows by a stable hash of the first text, or of all values where there is no text.
///
/// A row's side does not depend on the other rows, and rows with the same text land on one side. If no
/// row falls into the tenth, the one nearest to it does.
///
/// # Errors
/// [`DataError::HoldOut`] if all rows are alike.
pub fn hold_out(data: &Dataset) -> Result<HoldOut, DataError> {
    let hashes: Vec<u64> = (0..data.rows()).map(|row| row_hash(data.table(), row)).collect();
    let nearest = hashes.iter().copied().min().unwrap_or(0);
    let limit = nearest.max(u64::MAX / 10);
    let (validation, train): (Rows, Rows) = (0..data.rows()).partition(|&row| hashes[row] <= limit);
    if train.is_empty() {
        return Err(DataError::HoldOut { file: data.file().to_owned(), rows: data.rows() as u64 });
    }
    Ok(HoldOut { train, validation })
}

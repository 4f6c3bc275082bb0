//! Train, validation and test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::columns::Columns;
use crate::dataset::{Dataset, Rows};
use crate::error::DataError;
use crate::files::SplitPaths;
use crate::fingerprint::row_hash;
use crate::notices::{Notice, NoticeLog};
use crate::overlaps::identities;

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
    /// Opens a folder with splits, or a single data set (train).
    ///
    /// A split is a file called `train` (or `training`), `validation` (`valid`, `val`, `dev`) or `test` (`testing`) with
    /// a known ending, in any case; shards of it, such as `train-00000-of-00002.parquet`; or a folder of that name with
    /// parts, as Spark writes it. Files whose names begin with `_` or `.` are none.
    ///
    /// The classes are `labels` where given (a user's list, a model's), otherwise those of the train file.
    pub fn open(path: &Path, columns: &Columns, labels: Option<&[String]>) -> Result<Self, DataError> {
        let (paths, train) = find(path, columns, labels)?;
        let names = train.label_names().to_vec();
        let open = |path: PathBuf| {
            let other = Dataset::open(&path, columns)?;
            // An unlabelled train file has no classes to share.
            if names.is_empty() { Ok(other) } else { other.with_labels(&names) }
        };
        let (validation, test) = (paths.validation.map(open).transpose()?, paths.test.map(open).transpose()?);
        Ok(Self { train, validation, test })
    }

    /// The training rows of what [`open`](Self::open) opens; the other files are not read.
    pub fn open_train(
        path: &Path,
        columns: &Columns,
        labels: Option<&[String]>,
    ) -> Result<Dataset, DataError> {
        Ok(find(path, columns, labels)?.1)
    }

    /// Notices about the files, for the user.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        let others = self.validation.iter().chain(&self.test);
        std::iter::once(&self.train).chain(others).flat_map(Dataset::notices)
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

/// The files of the splits, and the first of them, opened.
fn find(
    path: &Path,
    columns: &Columns,
    labels: Option<&[String]>,
) -> Result<(SplitPaths, Dataset), DataError> {
    let notices = NoticeLog::default();
    let paths = SplitPaths::find(path, &notices)?;
    let mut train = Dataset::open(&paths.train, columns)?.with_notices(notices.all());
    if let Some(labels) = labels {
        train = train.with_labels(labels)?;
    }
    train.check_classes()?;
    Ok((paths, train))
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

/// The fold of each row, below `folds`: of about equal size, by a stable hash of the text (or of all values where there is
/// none) that sees no case, punctuation or repeated space, so that texts which read alike are of one fold.
#[must_use]
pub fn fold_of_rows(data: &Dataset, folds: usize) -> Vec<usize> {
    identities(data).into_iter().map(|identity| (identity % folds.max(1) as u64) as usize).collect()
}

/// Holds out about a tenth of the labelled rows of every class, at least one of each that has three different texts: for
/// data that come without rows to report on.
///
/// Rows are chosen by a stable hash of the text (or of all values where there is none), and those of equal texts land on
/// one side, whatever their labels.
///
/// # Errors
/// [`DataError::TooFewLabels`] if fewer than two classes have three different labelled rows.
pub fn hold_out_by_class(data: &Dataset) -> Result<HoldOut, DataError> {
    let hash = |row: usize| row_hash(data.table(), row);
    let mut of_classes = vec![BTreeSet::new(); data.label_names().len()];
    let (rows, labels) = data.labelled();
    for (row, label) in rows.into_iter().zip(labels) {
        of_classes[label as usize].insert(hash(row));
    }
    let large = of_classes.iter().filter(|hashes| hashes.len() >= 3);
    let held: BTreeSet<u64> =
        large.clone().flat_map(|hashes| hashes.iter().take(hashes.len().div_ceil(10))).copied().collect();
    if large.count() < 2 {
        return Err(DataError::TooFewLabels {
            file: data.file().to_owned(),
            rows: data.labelled_rows() as u64,
        });
    }
    let (validation, train) = (0..data.rows()).partition(|&row| held.contains(&hash(row)));
    Ok(HoldOut { train, validation })
}

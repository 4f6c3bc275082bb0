//! A data set in memory: a table and its labels, checked once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Text;
use crate::storage::hex;
use crate::table::{Schema, SchemaError, Table};
use sha2::{Digest, Sha256};

use crate::columns::Columns;
use crate::error::DataError;
use crate::examples::Examples;
use crate::fingerprint::{column_hashes, row_hash, table_hash};
use crate::labels::{Classes, LabelColumn, class_names, same_but_for_case};
use crate::notices::{Notice, NoticeKind};

/// A table with optional labels.
///
/// There is at least one row, and labels are below the number of names. To clone a data set or to select rows copies
/// labels, but no values of the table.
#[derive(Debug, Clone)]
pub struct Dataset {
    file: PathBuf,
    table: Table,
    labels: Option<Vec<Option<u32>>>,
    classes: Classes,
    notices: Arc<[Notice]>,
}

/// Places of rows in a data set.
pub type Rows = Vec<usize>;

/// The rows of `rows`, of an array `[_, columns]`.
#[must_use]
pub fn gather(values: &[f32], columns: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|&row| &values[row * columns..(row + 1) * columns]).copied().collect()
}

/// What is told of classes that are seldom meant.
fn unlikely_classes(classes: &Classes, labels: &[Option<u32>], path: &Path) -> Option<Notice> {
    /// Fewer classes than this may have few rows each in a small sample.
    const MANY: usize = 20;
    let labelled = labels.iter().flatten().count();
    let kind = if classes.names.len() >= MANY && labelled < 2 * classes.names.len() {
        NoticeKind::ManyClasses { classes: classes.names.len(), rows: labelled }
    } else {
        let (first, second) = same_but_for_case(&classes.names)?;
        NoticeKind::SameButForCase { first: first.clone(), second: second.clone() }
    };
    Some(Notice { file: path.to_owned(), kind, location: None, count: 1 })
}

impl Dataset {
    /// Reads a whole data set; see [`Examples::open`] for what a path stands for.
    ///
    /// Labels become classes so:
    /// - whole numbers, all of them, without leading zeros: classes by increasing number; if they are `0..classes` and
    ///   the file has names for them (a column of names, a `ClassLabel` of `datasets`), called by those, otherwise by
    ///   their number;
    /// - `true` and `false` in any case, and nothing else: two classes;
    /// - names (or a mixture): classes by name, in byte order, without blanks around it and composed (Unicode NFC);
    /// - nothing, null, and what [`Columns::missing_labels`] lists: no label.
    pub fn open(path: &Path, columns: &Columns) -> Result<Self, DataError> {
        let mut examples = Examples::open(path, columns)?;
        let mut labels = LabelColumn::new(&columns.missing_labels);
        let (mut rows, mut empty) = (0_u64, 0);
        while let Some(row) = examples.next_row()? {
            examples.push(row.location, row.values)?;
            empty += u64::from(row.label.is_none());
            labels.push(row.label, row.label_name, path)?;
            rows += 1;
        }
        if rows == 0 {
            return Err(DataError::Empty { file: path.to_owned() });
        }
        let names = examples.class_names();
        let mut notices = examples.notices();
        for (mark, count) in labels.unlabelled() {
            // -1 is how `datasets` itself writes no label.
            if mark == "-1" && names.is_some() {
                continue;
            }
            let kind = NoticeKind::Unlabelled { mark };
            notices.push(Notice { file: path.to_owned(), kind, location: None, count });
        }
        let (classes, labels) = labels.resolve(names.as_deref(), path)?;
        notices.extend(unlikely_classes(&classes, &labels, path));
        let labelled = labels.iter().any(Option::is_some);
        if labelled && empty > 0 {
            let (file, kind) = (path.to_owned(), NoticeKind::EmptyLabels);
            notices.push(Notice { file, kind, location: None, count: empty });
        }
        let classes = if labelled { classes } else { Classes::default() };
        let table = examples.finish()?;
        let labels = labelled.then_some(labels);
        Ok(Self { file: path.to_owned(), table, labels, classes, notices: notices.into() })
    }

    /// Notices about the files, for the user.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The same rows, with more to tell.
    pub(crate) fn with_notices(self, more: Vec<Notice>) -> Self {
        Self { notices: more.into_iter().chain(self.notices.iter().cloned()).collect(), ..self }
    }

    /// The rows of a table, without labels; `file` stands for their origin in errors.
    ///
    /// # Errors
    /// [`DataError::Empty`] if there are no rows.
    pub fn unlabelled(table: Table, file: &Path) -> Result<Self, DataError> {
        if table.rows() == 0 {
            return Err(DataError::Empty { file: file.to_owned() });
        }
        let (file, classes, notices) = (file.to_owned(), Classes::default(), Arc::default());
        Ok(Self { file, table, labels: None, classes, notices })
    }

    /// These rows, and behind them those of `tables`, which have no labels.
    ///
    /// # Errors
    /// [`SchemaError`] for the first column that one of `tables` lacks or has in another kind.
    pub fn with_unlabelled(&self, tables: &[Table]) -> Result<Self, SchemaError> {
        let table = self.table.with_rows_of(tables)?;
        let mut labels = self.labels.clone();
        if let Some(labels) = &mut labels {
            labels.resize(table.rows(), None);
        }
        Ok(Self {
            file: self.file.clone(),
            table,
            labels,
            classes: self.classes.clone(),
            notices: Arc::clone(&self.notices),
        })
    }

    /// The file that the rows come from.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The rows without their labels.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Names and kinds of the columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.table.schema()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// The classes, `[rows]`, each below [`Self::label_names`]`.len()`; `None` if no row has a label.
    #[must_use]
    pub fn labels(&self) -> Option<&[Option<u32>]> {
        self.labels.as_deref()
    }

    /// Names of the classes, in order; empty if no row has a label and no names were given.
    #[must_use]
    pub fn label_names(&self) -> &[String] {
        &self.classes.names
    }

    /// Rows that have a label.
    #[must_use]
    pub fn labelled_rows(&self) -> usize {
        self.labels.iter().flatten().flatten().count()
    }

    /// The rows that have a label, and their labels.
    #[must_use]
    pub fn labelled(&self) -> (Rows, Vec<u32>) {
        let labels = self.labels().unwrap_or_default().iter().enumerate();
        labels.filter_map(|(row, label)| label.map(|label| (row, label))).unzip()
    }

    /// The text of a row, or its pair of texts; `None` where the table has no text.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<Text<'_>> {
        self.table.text(row)
    }

    /// The texts of all rows.
    ///
    /// # Errors
    /// [`SchemaError::Missing`] if the table has no text.
    pub fn texts(&self) -> Result<impl ExactSizeIterator<Item = Text<'_>> + '_, SchemaError> {
        self.table.texts()
    }

    /// The class of each row as signals keep it: -1 for none.
    #[must_use]
    pub fn signal_labels(&self) -> Option<Vec<i32>> {
        let labels = self.labels.as_ref()?;
        let signed = |label: &Option<u32>| label.and_then(|class| i32::try_from(class).ok()).unwrap_or(-1);
        Some(labels.iter().map(signed).collect())
    }

    /// The same rows with the classes `known`, in that order: those of a model, of another split, or a user's list.
    ///
    /// A class is found by its name; else by its number, which is the one in each name (`LABEL_1`, `1 star`) or its
    /// place in a list without numbers.
    ///
    /// # Errors
    /// [`DataError::UnknownLabel`] names the first row whose label is not among them, [`DataError::ClassNames`] two
    /// classes of one name.
    pub fn with_labels(self, known: &[String]) -> Result<Self, DataError> {
        let known = &class_names(known)?;
        let places: Vec<Option<u32>> =
            (0..self.classes.names.len()).map(|class| self.classes.place_in(class, known)).collect();
        let place = |(row, label): (usize, Option<u32>)| {
            let Some(class) = label else { return Ok(None) };
            let unknown = || DataError::UnknownLabel {
                file: self.file.clone(),
                row: row as u64,
                label: self.classes.names[class as usize].clone(),
                known: known.clone(),
            };
            places[class as usize].map(Some).ok_or_else(unknown)
        };
        let mapped = |labels: &Vec<Option<u32>>| labels.iter().copied().enumerate().map(place).collect();
        let labels = self.labels.as_ref().map(mapped).transpose()?;
        Ok(Self { labels, classes: Classes { names: known.clone(), numbered: false }, ..self })
    }

    /// Refuses a data set whose labelled rows all have one class.
    pub fn check_classes(&self) -> Result<(), DataError> {
        let mut given = self.labels.iter().flatten().flatten();
        let Some(first) = given.next() else { return Ok(()) };
        if given.any(|label| label != first) {
            return Ok(());
        }
        Err(DataError::OneClass {
            file: self.file.clone(),
            rows: self.labelled_rows() as u64,
            label: self.classes.names[*first as usize].clone(),
            unlabelled: self.unlabelled_names(),
        })
    }

    fn unlabelled_names(&self) -> Vec<String> {
        let mark = |notice: &Notice| match &notice.kind {
            NoticeKind::Unlabelled { mark } => Some(mark.clone()),
            _ => None,
        };
        self.notices.iter().filter_map(mark).collect()
    }

    /// Some of the rows, in the order given.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            file: self.file.clone(),
            table: self.table.select(rows),
            labels: self.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row]).collect()),
            classes: self.classes.clone(),
            notices: Arc::clone(&self.notices),
        }
    }

    /// The same rows, of whose labels `count` are kept: those whose texts (or, without texts, all values) come first
    /// by a stable hash.
    ///
    /// A smaller count keeps some of the rows that a larger one keeps. With fewer labels than `count` all are kept.
    #[must_use]
    pub fn keep_labels(&self, count: usize) -> Self {
        let (mut rows, _) = self.labelled();
        rows.sort_by_cached_key(|&row| (row_hash(&self.table, row), row));
        let mut labels = vec![None; self.rows()];
        for &row in rows.iter().take(count) {
            labels[row] = self.labels.as_ref().and_then(|labels| labels[row]);
        }
        Self { labels: self.labels.is_some().then_some(labels), ..self.clone() }
    }

    /// SHA-256 of the labels in order, in hexadecimal: what [`Dataset::hash`] leaves out.
    #[must_use]
    pub fn labels_hash(&self) -> String {
        let mut hash = Sha256::new_with_prefix(b"lelp labels 1\n");
        for label in self.labels.iter().flatten() {
            hash.update(label.map_or(-1, i64::from).to_le_bytes());
        }
        hex(&hash.finalize())
    }

    /// SHA-256 of the values of each column in order, in hexadecimal, by its name; texts and second texts together are
    /// `text`. By what two selections of columns share it shows whether they are of the same rows.
    #[must_use]
    pub fn column_hashes(&self) -> BTreeMap<String, String> {
        column_hashes(&self.table)
    }

    /// SHA-256 of all values in order, in hexadecimal: tells signals of other data apart.
    ///
    /// Labels are left out, so that rows may be labelled later. The format of the file makes no difference.
    #[must_use]
    pub fn hash(&self) -> String {
        table_hash(&self.table)
    }
}

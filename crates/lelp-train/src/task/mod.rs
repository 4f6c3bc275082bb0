//! The rows of a distillation, read once and used by every method and seed.

mod subset;

use std::path::{Path, PathBuf};

use lelp::TeacherCheck;
use thiserror::Error;

use crate::class_weights::{ClassWeights, ClassWeightsError};
use crate::training::{SampledRows, ValidationMetric};
use lelp_data::{
    ClassNamesError, ColumnSettings, DataError, Dataset, FineColumn, Notice, NoticeKind, Rows, SchemaError,
    Screen, SignalsFileError, SignalsFolder, SplitOverlap, Splits, Table, gather, hold_out, split_overlaps,
};

/// Training rows, validation rows, and what the teacher says of them.
#[derive(Debug)]
pub struct Task {
    pub(crate) labels: Vec<String>,
    pub(crate) train: Dataset,
    /// Places of the training rows in the training file; none where it is taken whole.
    pub(crate) train_rows: Option<Rows>,
    /// What a row of each class weighs in the loss, where they do not all weigh the same.
    pub(crate) class_weights: Option<Vec<f64>>,
    pub(crate) signals: Option<SignalsFolder>,
    /// Other embeddings of the training file, with the teacher's logits: those that classes are split by.
    pub(crate) split_signals: Option<SignalsFolder>,
    /// The teacher's logits on the training rows, `[rows, classes]`.
    pub(crate) logits: Option<Vec<f32>>,
    /// Fine labels of the rows of the training file.
    pub(crate) fine: Option<FineColumn>,
    pub(crate) validation: ValidationRows,
    test: Option<Dataset>,
    unlabelled: Option<UnlabelledRows>,
}

/// Training rows that are not of the training file: texts that the teacher answers, without labels.
#[derive(Debug, Clone, Copy)]
struct UnlabelledRows {
    /// The first of them; all training rows behind it are such.
    first: usize,
    /// What one of them counts where a row of the training file counts 1.
    weight: f64,
}

/// Rows on which the best epoch is chosen, each with the class that counts as right.
#[derive(Debug, Clone)]
pub(crate) struct ValidationRows {
    pub(crate) data: Dataset,
    pub(crate) classes: Vec<u32>,
    pub(crate) metric: ValidationMetric,
}

/// Why data and signals make no task.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The data set cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The signals cannot be used.
    #[error(transparent)]
    Signals(#[from] SignalsFileError),
    /// There is nobody who says which classes there are.
    #[error(
        "`{}` has no labels and there are no signals: name the label column{}, or give the teacher's signals",
        file.display(),
        among(unread)
    )]
    NoClasses {
        /// The training file.
        file: PathBuf,
        /// Its columns that are not read.
        unread: Vec<String>,
    },
    /// Embeddings to split by, without a teacher that says what is to be split.
    #[error("there are embeddings to split classes by, but no signals of a teacher whose classes they are")]
    NothingToSplit,
    /// Embeddings to split by of the training file alone.
    #[error(
        "there are embeddings to split the classes of the training file by, and none of the unlabelled rows: leave out one of the two"
    )]
    SplitOfUnlabelled,
    /// Weights that do not fit the classes.
    #[error(transparent)]
    ClassWeights(#[from] ClassWeightsError),
    /// Nobody answers further rows, which have no labels.
    #[error("unlabelled rows teach a student what a teacher says of them, and there are no signals of one")]
    NoSignals,
    /// A weight out of its range.
    #[error("unlabelled rows cannot weigh {0}: use more than 0 and at most 1")]
    Weight(f64),
    /// Further rows do not have the columns of the training file.
    #[error("the unlabelled rows do not have the columns of the training file")]
    Unlabelled {
        /// The column.
        source: SchemaError,
    },
    /// Nobody says what is right on the validation rows.
    #[error("`{}` has no labels, so that nothing can be chosen on it; leave it out to hold out a tenth of the training rows", .0.display())]
    NoValidationLabels(PathBuf),
}

fn among(columns: &[String]) -> String {
    let shown: Vec<String> = columns.iter().take(10).map(|name| format!("`{name}`")).collect();
    if shown.is_empty() { String::new() } else { format!(" (one of {}?)", shown.join(", ")) }
}

/// Columns of a file without labels that are not read.
fn unread_columns(data: &Dataset) -> Vec<String> {
    let unread = |notice: &Notice| match &notice.kind {
        NoticeKind::NoLabelColumn { unread, .. } => Some(unread.clone()),
        _ => None,
    };
    data.notices().iter().find_map(unread).unwrap_or_default()
}

impl Task {
    /// Opens data and signals, and holds them against each other.
    ///
    /// Without a validation file a tenth of the training file is held out by hash of the text. Where no
    /// validation row has a label, the teacher's class counts as right.
    pub fn open(data: &Path, signals: Option<&Path>, columns: &ColumnSettings) -> Result<Self, TaskError> {
        let signals = signals.map(SignalsFolder::open).transpose()?;
        let teacher = signals.as_ref().map(|signals| signals.description().label_names.as_slice());
        let names = columns.labels.as_deref().or(teacher);
        Self::new(Splits::open(data, &columns.columns(), names)?, signals, columns)
    }

    /// Holds a data set, with the classes of the signals, against the teacher's signals on its training file; see
    /// [`Task::open`].
    pub fn new(
        splits: Splits,
        signals: Option<SignalsFolder>,
        columns: &ColumnSettings,
    ) -> Result<Self, TaskError> {
        let Splits { train, validation, test } = splits;
        let labels = train.label_names().to_vec();
        if labels.is_empty() {
            return Err(TaskError::NoClasses {
                file: train.file().to_owned(),
                unread: unread_columns(&train),
            });
        }
        if let Some(signals) = &signals {
            let classes = signals.description().classes;
            if labels.len() != classes {
                let problem = ClassNamesError::Count { found: labels.len(), classes };
                return Err(DataError::ClassNames { names: labels, problem }.into());
            }
            signals.check_data(&train)?;
            signals.check_labels(&train)?;
        }
        let logits = signals.as_ref().map(SignalsFolder::logits).transpose()?;
        let read_fine = |fine: &String| FineColumn::open(train.file(), &columns.columns(), fine, None);
        let fine = columns.fine.as_ref().map(read_fine).transpose()?;
        let (train, train_rows, logits, validation) = if let Some(validation) = validation {
            let validation = labelled(&validation)
                .ok_or_else(|| TaskError::NoValidationLabels(validation.file().to_owned()))?;
            (train, None, logits, validation)
        } else {
            let split = hold_out(&train)?;
            let validation = held_out(&train, &split.validation, logits.as_deref(), labels.len())?;
            let logits = logits.map(|logits| gather(&logits, labels.len(), &split.train));
            (train.select(&split.train), Some(split.train), logits, validation)
        };
        Ok(Self {
            labels,
            train,
            train_rows,
            class_weights: None,
            signals,
            split_signals: None,
            logits,
            fine,
            validation,
            test,
            unlabelled: None,
        })
    }

    /// The same task with further training rows that have no label, each table with the teacher's signals on it. A row
    /// counts `weight` where a row of the training file counts 1: an epoch goes over that share of them, in turns.
    ///
    /// # Errors
    /// [`TaskError::NoSignals`] without signals on the training file, [`TaskError::Weight`] for a weight that is not above 0
    /// and at most 1.
    pub fn with_unlabelled(self, rows: Vec<(Table, SignalsFolder)>, weight: f64) -> Result<Self, TaskError> {
        if !(weight > 0.0 && weight <= 1.0) {
            return Err(TaskError::Weight(weight));
        }
        let Some((mut signals, mut logits)) = self.signals.zip(self.logits) else {
            return Err(TaskError::NoSignals);
        };
        let (first, mut in_file) = (self.train.rows(), signals.rows() as usize);
        let (mut train_rows, mut fine) = (self.train_rows, self.fine);
        let mut tables = Vec::with_capacity(rows.len());
        for (table, answers) in rows {
            let further = table.rows();
            logits.extend(answers.logits()?);
            signals = signals.with_rows_of(answers)?;
            train_rows = train_rows.map(|mut rows| {
                rows.extend(in_file..in_file + further);
                rows
            });
            fine = fine.map(|fine| fine.with_unlabelled(further));
            in_file += further;
            tables.push(table);
        }
        let train = self.train.with_unlabelled(&tables).map_err(|source| TaskError::Unlabelled { source })?;
        let unlabelled = Some(UnlabelledRows { first, weight });
        Ok(Self { train, train_rows, signals: Some(signals), logits: Some(logits), fine, unlabelled, ..self })
    }

    /// What unlabelled rows of other files are held against: the texts of this task.
    #[must_use]
    pub fn screen(&self) -> Screen {
        let test = self.test.as_ref().map(Dataset::table);
        let held_out: Vec<&Table> = std::iter::once(self.validation.data.table()).chain(test).collect();
        Screen::new(self.train.table(), &held_out)
    }

    /// What validation and test rows have in common with rows before them.
    #[must_use]
    pub fn overlaps(&self) -> Vec<SplitOverlap> {
        split_overlaps(&self.file_train(), Some(&self.validation.data), self.test.as_ref())
    }

    /// Training rows that count for less than the others.
    pub(crate) fn sampled_rows(&self) -> Option<SampledRows> {
        self.unlabelled.map(|UnlabelledRows { first, weight }| SampledRows { first, share: weight })
    }

    /// Training rows of the training file: those of [`Task::train`] without further ones.
    #[must_use]
    pub fn file_rows(&self) -> usize {
        self.unlabelled.map_or(self.train.rows(), |unlabelled| unlabelled.first)
    }

    /// SHA-256 of the training rows of the training file.
    #[must_use]
    pub fn data_hash(&self) -> String {
        self.file_train().hash()
    }

    fn file_train(&self) -> Dataset {
        match self.unlabelled {
            None => self.train.clone(),
            Some(UnlabelledRows { first, .. }) => self.train.select(&(0..first).collect::<Vec<_>>()),
        }
    }

    /// The same task with the embeddings of `split` in place of the teacher's wherever classes are split by embeddings.
    /// Probabilities stay the teacher's.
    ///
    /// # Errors
    /// [`TaskError::NothingToSplit`] without signals of a teacher; [`TaskError::SplitOfUnlabelled`] with unlabelled rows;
    /// [`TaskError::Signals`] if the two were made of different texts.
    pub fn with_split_signals(self, split: SignalsFolder) -> Result<Self, TaskError> {
        let teacher = self.signals.as_ref().ok_or(TaskError::NothingToSplit)?;
        if self.unlabelled.is_some() {
            return Err(TaskError::SplitOfUnlabelled);
        }
        let split_signals = Some(split.with_logits_of(teacher)?);
        Ok(Self { split_signals, ..self })
    }

    /// The same task with a weight for the rows of each class, in the losses of all methods and students.
    ///
    /// A row is of the class of its label, or else of the teacher's.
    ///
    /// # Errors
    /// [`TaskError::ClassWeights`] for a class that is not there, or a weight that is no finite number above 0.
    pub fn with_class_weights(self, weights: &ClassWeights) -> Result<Self, TaskError> {
        let count = self.labels.len();
        let label =
            |row: usize| self.train.labels().and_then(|labels| labels[row]).map(|label| label as usize);
        let teacher =
            |row: usize| self.logits.as_ref().map(|logits| lelp::argmax(&logits[row * count..][..count]));
        let classes = (0..self.train.rows()).map(|row| label(row).or_else(|| teacher(row)));
        let class_weights = weights.of(&self.labels, classes)?;
        Ok(Self { class_weights, ..self })
    }

    /// How often the teacher's answers to the training rows are their labels.
    #[must_use]
    pub fn check_teacher(&self) -> Option<TeacherCheck> {
        let labels = self.train.signal_labels()?;
        TeacherCheck::new(self.logits.as_ref()?, self.labels.len(), &labels)
    }

    /// Notices about the data files, for the user.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        let data = [Some(&self.train), Some(&self.validation.data), self.test.as_ref()];
        data.into_iter().flatten().flat_map(Dataset::notices)
    }

    /// Names of the classes.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Training rows of the class that has fewest by the teacher's answers; without a teacher all rows.
    #[must_use]
    pub fn smallest_class(&self) -> usize {
        let mut rows = vec![0; self.labels.len()];
        for answer in self.logits.iter().flat_map(|logits| logits.chunks_exact(self.labels.len())) {
            rows[lelp::argmax(answer)] += 1;
        }
        if self.logits.is_some() { rows.into_iter().min().unwrap_or(0) } else { self.train.rows() }
    }

    /// The training rows.
    #[must_use]
    pub fn train(&self) -> &Dataset {
        &self.train
    }

    /// The validation rows that have a right answer.
    #[must_use]
    pub fn validation(&self) -> &Dataset {
        &self.validation.data
    }

    /// The right answers to the validation rows.
    #[must_use]
    pub fn validation_classes(&self) -> &[u32] {
        &self.validation.classes
    }

    /// Whether those are labels or the teacher's classes.
    #[must_use]
    pub fn validation_metric(&self) -> ValidationMetric {
        self.validation.metric
    }

    /// The test split, where there is one: to be read once, by the run that reports it.
    #[must_use]
    pub fn test(&self) -> Option<&Dataset> {
        self.test.as_ref()
    }

    /// Whether the training rows have fine labels, for `oracle`.
    #[must_use]
    pub fn has_fine_labels(&self) -> bool {
        self.fine.is_some()
    }

    /// What a row of each class weighs in the loss, where they do not all weigh the same.
    #[must_use]
    pub fn class_weights(&self) -> Option<&[f64]> {
        self.class_weights.as_deref()
    }

    /// Embeddings of the training file that classes are split by in place of the teacher's, with its logits.
    #[must_use]
    pub fn split_signals(&self) -> Option<&SignalsFolder> {
        self.split_signals.as_ref()
    }

    /// The teacher's signals on the training file.
    #[must_use]
    pub fn signals(&self) -> Option<&SignalsFolder> {
        self.signals.as_ref()
    }
}

/// Rows of the training file that are held out: right is the label or, where none of them has one, the teacher's class.
fn held_out(
    file: &Dataset,
    rows: &[usize],
    logits: Option<&[f32]>,
    classes: usize,
) -> Result<ValidationRows, TaskError> {
    let data = file.select(rows);
    if let Some(labelled) = labelled(&data) {
        return Ok(labelled);
    }
    let logits = logits.ok_or_else(|| TaskError::NoValidationLabels(file.file().to_owned()))?;
    let classes =
        gather(logits, classes, rows).chunks_exact(classes).map(|row| lelp::argmax(row) as u32).collect();
    Ok(ValidationRows { data, classes, metric: ValidationMetric::Agreement })
}

/// The labelled rows alone; none where no row has a label.
fn labelled(data: &Dataset) -> Option<ValidationRows> {
    let (rows, classes) = data.labelled();
    let metric = ValidationMetric::Accuracy;
    (!rows.is_empty()).then(|| ValidationRows { data: data.select(&rows), classes, metric })
}

//! Reading a signals folder, a part at a time or whole.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::f16;
use lelp::TeacherCheck;
use lelp::signals::{Embeddings, Head, Signals, SignalsParts};

use super::description::{DescriptionFile, SignalsDescription, description_path, head_path, part_path};
use super::error::{OtherLabel, SignalsFileError};
use super::head;
use super::part::{OtherLogits, Part};
use crate::Dataset;

/// A complete signals folder, and perhaps others of the same teacher whose rows come behind its own.
#[derive(Debug, Clone)]
pub struct SignalsFolder {
    folder: PathBuf,
    description: SignalsDescription,
    head: Option<Head>,
    /// Signals on further rows, none of which has further ones.
    further: Vec<SignalsFolder>,
    /// Logits and labels of another teacher's in place of those in the parts.
    other_logits: Option<OtherLogits>,
}

impl SignalsFolder {
    /// Whether `folder` says what its parts are, rightly or not.
    #[must_use]
    pub fn has_description(folder: &Path) -> bool {
        description_path(folder).exists()
    }

    /// Opens a folder and checks it: every part is there, with tensors of the right types and shapes, the rows follow each
    /// other without a gap, and parts and head are those that `signals.json` was written with, where it names their hashes.
    ///
    /// Parts are mapped one after another, so memory does not grow with rows. Values are checked when they
    /// are read ([`Part::signals`]).
    pub fn open(folder: &Path) -> Result<Self, SignalsFileError> {
        let file = DescriptionFile::read(folder)?;
        let description = file.description.clone();
        let head = head::read(folder, &description)?;
        let (further, other_logits) = (Vec::new(), None);
        let signals = Self { folder: folder.to_owned(), description, head, further, other_logits };
        if !file.complete {
            let written = signals.first_missing_row();
            let rows = signals.description.rows;
            return Err(SignalsFileError::Incomplete { folder: signals.folder, written, rows });
        }
        for part in 0..signals.description.parts() {
            signals.part(part)?;
            file.check_file(&part_path(folder, part))?;
        }
        let head = head_path(folder);
        if signals.head.is_some() || file.names(&head) {
            file.check_file(&head)?;
        }
        let beyond = part_path(folder, signals.description.parts());
        if beyond.exists() {
            return Err(SignalsFileError::ExtraPart { file: beyond, rows: signals.description.rows });
        }
        Ok(signals)
    }

    /// The same signals, and behind them those of `other`, on further rows.
    ///
    /// # Errors
    /// [`SignalsFileError::OtherSettings`] if they are of another teacher or of other classes.
    pub fn with_rows_of(mut self, mut other: Self) -> Result<Self, SignalsFileError> {
        self.description.check_same_teacher(&other.description, &other.folder)?;
        self.further.extend(std::mem::take(&mut other.further));
        self.further.push(other);
        Ok(self)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the folder holds; of further rows it says nothing.
    #[must_use]
    pub fn description(&self) -> &SignalsDescription {
        &self.description
    }

    /// The teacher's head, where it is known.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// These embeddings with the logits, classes and labels of `teacher`, signals on the same texts.
    ///
    /// The head stays where it is one of the same classes: it says what of these embeddings decides between them.
    ///
    /// # Errors
    /// [`SignalsFileError::DifferentTexts`] if rows or hashes of the texts differ; texts that are not known may be any.
    pub fn with_logits_of(self, teacher: &Self) -> Result<Self, SignalsFileError> {
        let [own, wanted] = [&self, teacher].map(|signals| signals.description.data.as_deref());
        let differ = matches!((own, wanted), (Some(own), Some(wanted)) if own != wanted);
        let differ = differ && !self.shares_columns(&teacher.description.columns);
        if differ || self.rows() != teacher.rows() {
            let texts =
                |rows: u64, hash: Option<&str>| format!("{rows} rows, hash {}", hash.unwrap_or("unknown"));
            let (found, wanted) = (texts(self.rows(), own), texts(teacher.rows(), wanted));
            let (folder, other) = (self.folder, teacher.folder.clone());
            return Err(SignalsFileError::DifferentTexts { folder, found, other, wanted });
        }
        let SignalsDescription { classes, label_names, .. } = teacher.description.clone();
        let (values, labels) = (Arc::new(teacher.logits()?), Arc::new(teacher.labels()?));
        let head = self.head.filter(|_| self.description.label_names == label_names);
        let stored_classes = self.other_logits.map_or(self.description.classes, |other| other.stored_classes);
        let other_logits = Some(OtherLogits { values, labels, stored_classes });
        let description = SignalsDescription {
            classes,
            label_names,
            teacher: teacher.description.teacher.clone(),
            subclasses: NonZeroUsize::MIN,
            ..self.description
        };
        Ok(Self { folder: self.folder, description, head, further: Vec::new(), other_logits })
    }

    /// Number of rows, with further ones.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.description.rows + self.further.iter().map(Self::rows).sum::<u64>()
    }

    /// The parts in order, then those of further rows. Drop each before the next, and one part's worth of memory is in use.
    pub fn parts(&self) -> impl Iterator<Item = Result<Part, SignalsFileError>> + '_ {
        let mut start = 0;
        std::iter::once(self).chain(&self.further).flat_map(move |signals| {
            let first = start;
            start += signals.description.rows;
            (0..signals.description.parts()).map(move |part| Ok(signals.part(part)?.behind(first)))
        })
    }

    /// One part of the folder's own rows.
    ///
    /// # Errors
    /// [`SignalsFileError::MissingPart`] if there is no such file.
    pub fn part(&self, part: u64) -> Result<Part, SignalsFileError> {
        let path = part_path(&self.folder, part);
        let rows = self.description.part_range(part);
        if !path.is_file() {
            return Err(SignalsFileError::MissingPart {
                file: path,
                first_row: rows.start,
                last_row: rows.end.saturating_sub(1),
                rows: self.description.rows,
            });
        }
        Part::open(&path, &self.description, rows, self.other_logits.clone())
    }

    /// Refuses signals that were not made of the rows of `data`; further rows are left out of it.
    ///
    /// Where `data` has other columns than the teacher read, those that both have must be the same, one at least. Signals
    /// whose rows are not known (imported ones) must at least be as many.
    pub fn check_data(&self, data: &Dataset) -> Result<(), SignalsFileError> {
        let wanted = data.hash();
        let rows = data.rows() as u64;
        let same = self.description.data.as_ref().is_none_or(|found| *found == wanted);
        if rows == self.description.rows && (same || self.shares_columns(&data.column_hashes())) {
            return Ok(());
        }
        Err(SignalsFileError::OtherData {
            folder: self.folder.clone(),
            rows: self.description.rows,
            found: self.description.data.clone().unwrap_or_else(|| "unknown".to_owned()),
            data: data.file().to_owned(),
            data_rows: rows,
            wanted,
        })
    }

    /// Whether there are columns among `found`, by their hashes, that the teacher read, and all of them are the same.
    fn shares_columns(&self, found: &BTreeMap<String, String>) -> bool {
        let both = self.description.columns.iter().filter_map(|(name, hash)| Some((hash, found.get(name)?)));
        let mut same = both.map(|(hash, found)| hash == found).peekable();
        same.peek().is_some() && same.all(|same| same)
    }

    /// Refuses `data` with other classes, in another order, or with another label than the signals have for a row.
    ///
    /// Classes may be called otherwise, as numbers are by names, but not by each other's names.
    pub fn check_labels(&self, data: &Dataset) -> Result<(), SignalsFileError> {
        let (found, wanted) = (&self.description.label_names, data.label_names());
        let known = wanted.iter().filter(|name| found.contains(name)).count();
        if found.len() != wanted.len() || (known > 0 && found != wanted) {
            let (folder, found, wanted) = (self.folder.clone(), found.clone(), wanted.to_vec());
            return Err(SignalsFileError::OtherClasses { folder, found, wanted });
        }
        let Some(labels) = data.signal_labels() else { return Ok(()) };
        let own = self.labels()?;
        let mut differing = (0_u64..).zip(own.iter().zip(&labels)).filter_map(|(row, (&own, &label))| {
            (own >= 0 && label >= 0 && own != label).then_some((row, own, label))
        });
        let Some((row, own, label)) = differing.next() else { return Ok(()) };
        let name = |class: i32| {
            usize::try_from(class).ok().and_then(|class| wanted.get(class)).cloned().unwrap_or_default()
        };
        Err(Box::new(OtherLabel {
            folder: self.folder.clone(),
            row,
            found: name(own),
            data: data.file().to_owned(),
            wanted: name(label),
            others: differing.count(),
        })
        .into())
    }

    /// How often the teacher's answers are the labels: those of `data`, or else the signals' own.
    pub fn check_teacher(&self, data: Option<&Dataset>) -> Result<Option<TeacherCheck>, SignalsFileError> {
        let labels = match data.and_then(Dataset::signal_labels) {
            Some(labels) => labels,
            None => self.labels()?,
        };
        Ok(TeacherCheck::new(&self.logits()?, self.description.classes, &labels))
    }

    /// All logits, `[rows, classes]`.
    pub fn logits(&self) -> Result<Vec<f32>, SignalsFileError> {
        let mut logits = Vec::new();
        for part in self.parts() {
            logits.extend_from_slice(part?.signals()?.logits());
        }
        Ok(logits)
    }

    /// All of the teacher's own subclass logits, `[rows, classes * subclasses]`, where it has any.
    pub fn subclass_logits(&self) -> Result<Option<Vec<f32>>, SignalsFileError> {
        if self.description.subclass_columns().is_none() || self.other_logits.is_some() {
            return Ok(None);
        }
        let mut logits = Vec::new();
        for part in self.parts() {
            logits.extend_from_slice(part?.subclass_logits()?.unwrap_or_default());
        }
        Ok(Some(logits))
    }

    /// All labels, `[rows]`, -1 for none.
    pub fn labels(&self) -> Result<Vec<i32>, SignalsFileError> {
        let mut labels = Vec::new();
        for part in self.parts() {
            append_labels(&mut labels, &part?.signals()?);
        }
        Ok(labels)
    }

    /// All of it in memory, for methods that draw rows at random.
    pub fn read(&self) -> Result<StoredSignals, SignalsFileError> {
        let mut stored = StoredSignals {
            embeddings: Owned::F32(Vec::new()),
            logits: Vec::new(),
            labels: Vec::new(),
            width: self.description.width,
            classes: self.description.classes,
        };
        for part in self.parts() {
            let part = part?;
            let signals = part.signals()?;
            stored.embeddings.append(signals.embeddings());
            stored.logits.extend_from_slice(signals.logits());
            append_labels(&mut stored.labels, &signals);
        }
        Ok(stored)
    }

    fn first_missing_row(&self) -> u64 {
        let missing = (0..self.description.parts()).find(|&part| !part_path(&self.folder, part).is_file());
        missing.map_or(self.description.rows, |part| self.description.part_range(part).start)
    }
}

fn append_labels(labels: &mut Vec<i32>, signals: &Signals<'_>) {
    match signals.labels() {
        Some(given) => labels.extend_from_slice(given),
        None => labels.resize(labels.len() + signals.rows(), -1),
    }
}

/// The signals of a whole folder in memory.
#[derive(Debug, Clone)]
pub struct StoredSignals {
    embeddings: Owned,
    logits: Vec<f32>,
    labels: Vec<i32>,
    width: usize,
    classes: usize,
}

#[derive(Debug, Clone)]
enum Owned {
    F32(Vec<f32>),
    F16(Vec<f16>),
}

impl Owned {
    /// Appends a part; all parts of a folder have one precision, and the first one decides.
    fn append(&mut self, part: Embeddings<'_>) {
        match (&mut *self, part) {
            (Self::F32(all), Embeddings::F32(part)) => all.extend_from_slice(part),
            (Self::F16(all), Embeddings::F16(part)) => all.extend_from_slice(part),
            (_, Embeddings::F16(part)) => *self = Self::F16(part.to_vec()),
            (_, Embeddings::F32(part)) => *self = Self::F32(part.to_vec()),
        }
    }
}

impl StoredSignals {
    /// All rows as one block.
    ///
    /// # Panics
    /// Never: each part was checked when it was read.
    #[must_use]
    pub fn signals(&self) -> Signals<'_> {
        let embeddings = match &self.embeddings {
            Owned::F32(values) => Embeddings::F32(values),
            Owned::F16(values) => Embeddings::F16(values),
        };
        Signals::new(SignalsParts {
            embeddings,
            width: self.width,
            logits: &self.logits,
            classes: self.classes,
            labels: Some(&self.labels),
            first_row: 0,
        })
        .expect("each part was checked when it was read")
    }
}

//! `signals.json`: what the parts of a signals folder hold.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::storage::{self, FileError, FileHashes};
use lelp::Signals;
use serde::{Deserialize, Serialize};

use super::error::SignalsFileError;
use super::half_precision::halved;

/// Rows of a part unless asked otherwise: some seconds of a small encoder's work, so that little is lost.
pub const PART_ROWS: u64 = 2048;

const FORMAT: u32 = 1;

/// How embeddings are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Half precision: half the size; 3 digits.
    F16,
    /// Single precision.
    F32,
}

impl Precision {
    /// `f16` or `f32`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }
}

/// What a signals folder holds, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalsDescription {
    /// Columns of the logits, at least 2.
    pub classes: usize,
    /// Columns of an embedding.
    pub width: usize,
    /// Names of the classes, in the order of the logits.
    pub label_names: Vec<String>,
    /// Hash of the teacher; `None` where it is not known.
    #[serde(default)]
    pub teacher: Option<String>,
    /// [`Dataset::hash`](crate::Dataset::hash) of the rows; `None` where they are not known.
    #[serde(default)]
    pub data: Option<String>,
    /// [`Dataset::column_hashes`](crate::Dataset::column_hashes) of the rows: a student may read other columns of them
    /// than the teacher.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Rows in all.
    pub rows: u64,
    /// Rows of every part but the last.
    pub part_rows: u64,
    /// How embeddings are stored.
    pub embeddings: Precision,
    /// Precision of the products of the teacher's encoder, where it was lower than f32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_precision: Option<String>,
    /// The teacher's own outputs of each class; with more than one, parts hold `subclass_logits`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub subclasses: NonZeroUsize,
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(subclasses: &NonZeroUsize) -> bool {
    *subclasses == NonZeroUsize::MIN
}

/// `signals.json`: the description and the state of the folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DescriptionFile {
    format: u32,
    /// Whether all parts are written.
    pub(super) complete: bool,
    #[serde(flatten)]
    pub(super) description: SignalsDescription,
    /// The parts and the head that belong to it; none where another program wrote the signals.
    #[serde(default, skip_serializing_if = "FileHashes::is_empty")]
    pub(super) files: FileHashes,
}

/// What is read first: a newer format may have other fields.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl SignalsDescription {
    /// Columns of the subclass logits; none where the teacher has one output a class.
    #[must_use]
    pub fn subclass_columns(&self) -> Option<usize> {
        (!is_one(&self.subclasses)).then(|| self.classes.saturating_mul(self.subclasses.get()))
    }

    /// Number of parts.
    #[must_use]
    pub fn parts(&self) -> u64 {
        self.rows.div_ceil(self.part_rows)
    }

    /// Rows of part `part`.
    #[must_use]
    pub fn part_range(&self, part: u64) -> Range<u64> {
        let bound = |part: u64| part.saturating_mul(self.part_rows).min(self.rows);
        bound(part)..bound(part.saturating_add(1))
    }

    /// Refuses embeddings of part `part` that are too large for the precision they would be stored in in `folder`.
    pub(crate) fn check_precision(
        &self,
        folder: &Path,
        part: u64,
        signals: &Signals<'_>,
    ) -> Result<(), SignalsFileError> {
        if self.embeddings == Precision::F32 {
            return Ok(());
        }
        let single = signals.embedding_rows(0..signals.rows());
        halved(&part_path(folder, part), signals, &single).map(|_| ())
    }

    /// Refuses numbers that no signals have; `file` is named in the error.
    pub(crate) fn check(&self, file: &Path) -> Result<(), SignalsFileError> {
        let least = [
            ("classes", self.classes as u64, 2),
            ("width", self.width as u64, 1),
            ("rows", self.rows, 1),
            ("part_rows", self.part_rows, 1),
        ];
        for (field, found, least) in least {
            if found < least {
                return Err(SignalsFileError::TooSmall { file: file.to_owned(), field, found, least });
            }
        }
        let names = self.label_names.len();
        if names != self.classes {
            return Err(SignalsFileError::LabelNames { file: file.to_owned(), names, classes: self.classes });
        }
        Ok(())
    }

    /// Refuses to go on in a folder with a description other than this one.
    pub(super) fn check_same(&self, found: &Self, folder: &Path) -> Result<(), SignalsFileError> {
        self.check_fields(found, folder, |_| true)
    }

    /// Refuses signals that do not come of the teacher of these; where one of both is not known, sizes and names decide.
    pub(super) fn check_same_teacher(&self, found: &Self, folder: &Path) -> Result<(), SignalsFileError> {
        let both_known = self.teacher.is_some() && found.teacher.is_some();
        self.check_fields(found, folder, |field| match field {
            "teacher" => both_known,
            "classes" | "label names" | "width" | "subclasses" => true,
            _ => false,
        })
    }

    fn check_fields(
        &self,
        found: &Self,
        folder: &Path,
        matters: impl Fn(&str) -> bool,
    ) -> Result<(), SignalsFileError> {
        let known = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "unknown".to_owned());
        let fields = |of: &Self| {
            [
                ("encoder's precision", of.encoder_precision.clone().unwrap_or_else(|| "f32".to_owned())),
                ("teacher", known(&of.teacher)),
                ("data", known(&of.data)),
                ("classes", of.classes.to_string()),
                ("label names", of.label_names.join(", ")),
                ("width", of.width.to_string()),
                ("rows", of.rows.to_string()),
                ("rows a part", of.part_rows.to_string()),
                ("embeddings as", of.embeddings.name().to_owned()),
                ("subclasses", of.subclasses.to_string()),
            ]
        };
        for ((field, found), (_, wanted)) in fields(found).into_iter().zip(fields(self)) {
            if found != wanted && matters(field) {
                return Err(SignalsFileError::OtherSettings {
                    folder: folder.to_owned(),
                    field,
                    found,
                    wanted,
                });
            }
        }
        Ok(())
    }
}

impl DescriptionFile {
    /// Signals of which nothing is written yet.
    pub(super) fn new(description: SignalsDescription) -> Self {
        Self { format: FORMAT, complete: false, description, files: FileHashes::default() }
    }

    /// Writes `signals.json`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), FileError> {
        storage::write(&description_path(folder), &storage::pretty_json(self))
    }

    /// Reads `signals.json`.
    pub(super) fn read(folder: &Path) -> Result<Self, SignalsFileError> {
        let path = description_path(folder);
        if !path.is_file() {
            return Err(SignalsFileError::NoDescription { folder: folder.to_owned() });
        }
        let bytes = fs::read(&path).map_err(|source| FileError::Read { path: path.clone(), source })?;
        let not_json = |source| SignalsFileError::Description { file: path.clone(), source };
        let FormatOnly { format } = serde_json::from_slice(&bytes).map_err(not_json)?;
        if format != FORMAT {
            return Err(SignalsFileError::Format { file: path, found: format, known: FORMAT });
        }
        let file: Self = serde_json::from_slice(&bytes).map_err(not_json)?;
        file.description.check(&path)?;
        Ok(file)
    }

    /// Whether this is one of the files that were written.
    pub(super) fn names(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.files.names(&name.to_string_lossy()))
    }

    /// Refuses a part or head that is not the one that was written with these.
    pub(super) fn check_file(&self, path: &Path) -> Result<(), SignalsFileError> {
        let folder = path.parent().unwrap_or(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if self.files.is_empty() { Ok(()) } else { Ok(self.files.check_file(folder, &name)?) }
    }
}

/// The file of a signals folder that says what its parts are.
pub(super) const DESCRIPTION: &str = "signals.json";

pub(super) fn description_path(folder: &Path) -> PathBuf {
    folder.join(DESCRIPTION)
}

pub(super) fn part_path(folder: &Path, part: u64) -> PathBuf {
    folder.join(format!("part-{part:05}.safetensors"))
}

pub(super) fn head_path(folder: &Path) -> PathBuf {
    folder.join("head.safetensors")
}

//! Signals made elsewhere: arrays in `.npz`, `.npy` and `.safetensors` files become a signals folder.
//!
//! | array | shape | type |
//! |---|---|---|
//! | `embeddings` | `[rows, width]` | floats |
//! | `logits` | `[rows, classes]`; of one logit `[rows]` or `[rows, 1]` | floats |
//! | or `probabilities` | `[rows, classes]`; of the second of two classes `[rows]` or `[rows, 1]` | floats |
//! | `labels`, optional | `[rows]`, -1 for none | whole numbers |
//! | `weight` and `bias`, optional | `[classes, width]` and `[classes]`; of one logit `[1, width]` and `[1]` | floats |
//!
//! Floats are f16, bf16 (in safetensors), f32 or f64, whole numbers of 1 to 8 bytes or booleans. Files are mapped and
//! read part by part, so memory does not grow with rows; a member of a compressed `.npz` is unpacked in memory. A one-logit
//! teacher `z` is read as `[0, z]`. All values are read and checked once before the first is written, so that what is
//! refused leaves nothing behind.

mod error;
mod sources;
mod teacher;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use lelp::signals::{Embeddings, Signals, SignalsParts};

pub use error::ImportError;

use super::signals::{Existing, PART_ROWS, Precision, SignalsDescription, SignalsFolder, SignalsWriter};
use crate::ColumnSettings;
use crate::arrays::Element;
use crate::labels::class_names;
use teacher::TeacherArrays;

/// How signals are imported.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// How embeddings are stored; `None`: f16 if they come so, otherwise f32.
    pub precision: Option<Precision>,
    /// Rows of a part.
    pub part_rows: u64,
    /// Names of the classes; `None`: their numbers.
    pub label_names: Option<Vec<String>>,
    /// Name or hash of the teacher; `None`: a hash of the arrays.
    pub teacher: Option<String>,
    /// [`Dataset::hash`](super::Dataset::hash) of the texts, where they are known.
    pub data: Option<String>,
    /// What to do with signals that are already there.
    pub existing: Existing,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            precision: None,
            part_rows: PART_ROWS,
            label_names: None,
            teacher: None,
            data: None,
            existing: Existing::Resume,
        }
    }
}

/// Imports the arrays of `paths` into the folder `out`, and opens it.
///
/// A path is an `.npz` or `.safetensors` file (arrays by their names), an `.npy` file (one array, named as
/// the file), or a folder of `.npy` files. `progress` is called with the number of rows that are written so far.
pub fn import(
    paths: &[PathBuf],
    out: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<SignalsFolder, ImportError> {
    let teacher = TeacherArrays::new(sources::arrays(paths)?)?;
    let names = options.label_names.as_deref().map(class_names).transpose();
    let names = names.map_err(|wrong| ImportError::Names(Box::new(wrong)))?;
    let description = description(&teacher, names, options);
    let head = teacher.head()?;
    description.check(out)?;
    for part in 0..description.parts() {
        let block = Block::read(&teacher, description.part_range(part))?;
        description.check_precision(out, part, &block.signals(&teacher)?)?;
    }
    let mut writer = SignalsWriter::open(out, description, &ColumnSettings::default(), options.existing)?;
    if let Some(head) = head {
        writer.write_head(&head)?;
    }
    while let Some(rows) = writer.next_rows() {
        let end = rows.end;
        writer.write(&Block::read(&teacher, rows)?.signals(&teacher)?)?;
        progress(end);
    }
    Ok(writer.finish()?)
}

/// Some rows of the arrays.
struct Block {
    embeddings: Vec<f32>,
    logits: Vec<f32>,
    labels: Option<Vec<i32>>,
    first_row: u64,
}

impl Block {
    fn read(teacher: &TeacherArrays, rows: Range<u64>) -> Result<Self, ImportError> {
        let first_row = rows.start;
        // Both ends are rows of arrays in memory or in a map.
        let rows = rows.start as usize..rows.end as usize;
        Ok(Self {
            embeddings: teacher.embeddings(rows.clone()),
            logits: teacher.logits(rows.clone())?,
            labels: teacher.labels(rows)?,
            first_row,
        })
    }

    /// The rows, checked.
    fn signals(&self, teacher: &TeacherArrays) -> Result<Signals<'_>, ImportError> {
        Signals::new(SignalsParts {
            embeddings: Embeddings::F32(&self.embeddings),
            width: teacher.width(),
            logits: &self.logits,
            classes: teacher.classes(),
            labels: self.labels.as_deref(),
            first_row: self.first_row,
        })
        .map_err(|source| ImportError::Values { file: teacher.file().to_owned(), source })
    }
}

fn description(
    teacher: &TeacherArrays,
    names: Option<Vec<String>>,
    options: &ImportOptions,
) -> SignalsDescription {
    let numbers = || (0..teacher.classes()).map(|class| class.to_string()).collect();
    let as_stored = match teacher.embedding_element() {
        Element::F16 => Precision::F16,
        _ => Precision::F32,
    };
    SignalsDescription {
        columns: BTreeMap::new(),
        classes: teacher.classes(),
        width: teacher.width(),
        label_names: names.unwrap_or_else(numbers),
        teacher: Some(options.teacher.clone().unwrap_or_else(|| teacher.hash())),
        data: options.data.clone(),
        rows: teacher.rows() as u64,
        part_rows: options.part_rows,
        embeddings: options.precision.unwrap_or(as_stored),
        encoder_precision: None,
        subclasses: std::num::NonZeroUsize::MIN,
    }
}

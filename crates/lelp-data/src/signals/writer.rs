//! Writing a signals folder part by part, and going on where a run was cut off.

use std::collections::VecDeque;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::storage::FileError;
use lelp::signals::{Head, Signals};

use super::description::{SignalsDescription, description_path, head_path, part_path};
use super::error::SignalsFileError;
use super::folder::SignalsFolder;
use super::head;
use super::part::{self, Part};

/// What to do with signals that a folder already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Keep the parts that are whole; an error if they are of other settings.
    Resume,
    /// Remove them.
    Overwrite,
}

/// Writes a signals folder. Interrupted at any time, the folder holds whole parts that a later run keeps.
pub struct SignalsWriter {
    folder: PathBuf,
    description: SignalsDescription,
    /// Parts still to be written, in order.
    missing: VecDeque<u64>,
}

impl SignalsWriter {
    /// Begins or continues the signals of `description` in `folder`, which is made where it is missing.
    ///
    /// Parts that are there are read and checked; one that is damaged counts as missing.
    ///
    /// # Errors
    /// [`SignalsFileError::OtherSettings`] if the folder holds signals of another teacher, data set, or form.
    pub fn open(
        folder: &Path,
        description: SignalsDescription,
        existing: Existing,
    ) -> Result<Self, SignalsFileError> {
        description.check(&description_path(folder))?;
        fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
        if existing == Existing::Overwrite {
            remove(folder)?;
        }
        if description_path(folder).is_file() {
            description.check_same(&SignalsDescription::read(folder)?.0, folder)?;
        } else if !part_files(folder)?.is_empty() {
            return Err(SignalsFileError::PartsWithoutDescription { folder: folder.to_owned() });
        }
        let whole = |&part: &u64| {
            let path = part_path(folder, part);
            let part = Part::open(&path, &description, description.part_range(part), None);
            part.and_then(|part| part.signals().and(part.subclass_logits()).map(|_| ())).is_ok()
        };
        let missing: VecDeque<u64> = (0..description.parts()).filter(|part| !whole(part)).collect();
        if !missing.is_empty() {
            description.write(folder, false)?;
        }
        Ok(Self { folder: folder.to_owned(), description, missing })
    }

    /// What is written.
    #[must_use]
    pub fn description(&self) -> &SignalsDescription {
        &self.description
    }

    /// The rows of the next part to be written; `None` when all are there.
    #[must_use]
    pub fn next_rows(&self) -> Option<Range<u64>> {
        self.missing.front().map(|&part| self.description.part_range(part))
    }

    /// Rows still to be written.
    #[must_use]
    pub fn missing_rows(&self) -> u64 {
        self.missing
            .iter()
            .map(|&part| self.description.part_range(part))
            .map(|rows| rows.end - rows.start)
            .sum()
    }

    /// Writes the next part of a teacher with one output a class; `signals` holds exactly the rows of
    /// [`Self::next_rows`].
    pub fn write(&mut self, signals: &Signals<'_>) -> Result<(), SignalsFileError> {
        self.write_part(signals, None)
    }

    /// Writes the next part of a teacher with subclasses, `subclass_logits` `[rows, classes * subclasses]` beside it.
    pub fn write_with_subclasses(
        &mut self,
        signals: &Signals<'_>,
        subclass_logits: &[f32],
    ) -> Result<(), SignalsFileError> {
        self.write_part(signals, Some(subclass_logits))
    }

    fn write_part(
        &mut self,
        signals: &Signals<'_>,
        subclass_logits: Option<&[f32]>,
    ) -> Result<(), SignalsFileError> {
        let Some(&part) = self.missing.front() else {
            let path = part_path(&self.folder, self.description.parts());
            return Err(SignalsFileError::ExtraPart { file: path, rows: self.description.rows });
        };
        let path = part_path(&self.folder, part);
        let wanted = self.description.part_range(part);
        let subclass_columns = self.description.subclass_columns().unwrap_or(0);
        let same = [
            ("first row", signals.first_row(), wanted.start),
            ("number of rows", signals.rows() as u64, wanted.end - wanted.start),
            ("width", signals.width() as u64, self.description.width as u64),
            ("number of classes", signals.classes() as u64, self.description.classes as u64),
            (
                "number of subclass logits",
                subclass_logits.map_or(0, <[f32]>::len) as u64,
                (signals.rows() * subclass_columns) as u64,
            ),
        ];
        for (what, found, wanted) in same {
            if found != wanted {
                return Err(SignalsFileError::WrongBlock { file: path, what, found, wanted });
            }
        }
        part::write(&path, signals, subclass_logits, self.description.embeddings)?;
        self.missing.pop_front();
        Ok(())
    }

    /// Writes the teacher's head.
    pub fn write_head(&self, head: &Head) -> Result<(), SignalsFileError> {
        let file = head_path(&self.folder);
        let same = [
            ("width", head.width(), self.description.width),
            ("number of classes", head.classes(), self.description.classes),
        ];
        for (what, found, wanted) in same {
            if found != wanted {
                let (found, wanted) = (found as u64, wanted as u64);
                return Err(SignalsFileError::WrongBlock { file, what, found, wanted });
            }
        }
        head::write(&self.folder, head)
    }

    /// Marks the signals as complete, and opens them.
    ///
    /// # Errors
    /// [`SignalsFileError::Incomplete`] if a part is missing.
    pub fn finish(self) -> Result<SignalsFolder, SignalsFileError> {
        if let Some(rows) = self.next_rows() {
            let (written, rows) = (rows.start, self.description.rows);
            return Err(SignalsFileError::Incomplete { folder: self.folder, written, rows });
        }
        self.description.write(&self.folder, true)?;
        SignalsFolder::open(&self.folder)
    }
}

/// Removes the files of a signals folder, and no others; the description first, so that what stays after a
/// failure is not taken for signals.
fn remove(folder: &Path) -> Result<(), SignalsFileError> {
    let files = [description_path(folder), head_path(folder)].into_iter().filter(|path| path.is_file());
    for path in files.chain(part_files(folder)?) {
        fs::remove_file(&path).map_err(|source| write_error(&path, source))?;
    }
    Ok(())
}

/// The files of `folder` that are called as parts are.
fn part_files(folder: &Path) -> Result<Vec<PathBuf>, SignalsFileError> {
    let read = |source| FileError::Read { path: folder.to_owned(), source };
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix("part-").and_then(|name| name.strip_suffix(".safetensors"));
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            parts.push(path);
        }
    }
    Ok(parts)
}

fn write_error(path: &Path, source: std::io::Error) -> SignalsFileError {
    FileError::Write { path: path.to_owned(), source }.into()
}

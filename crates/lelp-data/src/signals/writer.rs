//! Writing a signals folder part by part, and going on where a run was cut off.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::column_settings::ColumnSettings;
use crate::storage::{self, FileError, FileHashes, FolderKind, FolderLock, LockError};
use lelp::signals::{Head, Signals};

use super::description::{
    DESCRIPTION, DescriptionFile, SignalsDescription, description_path, head_path, part_path,
};
use super::error::SignalsFileError;
use super::folder::SignalsFolder;
use super::head;
use super::journal::{self, PartsJournal};
use super::part::{self, Part};

/// What to do with signals that a folder already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Keep the parts that are whole; an error if they are of other settings.
    Resume,
    /// Put the new signals in their place, once these are whole.
    Overwrite,
}

/// What signals folders are made of.
const SIGNALS: FolderKind = FolderKind { is_ours: SignalsFolder::is_own_file, markers: &[DESCRIPTION] };

impl SignalsFolder {
    /// Whether a folder of signals is made of files of this name, among others.
    #[must_use]
    pub fn is_own_file(name: &str) -> bool {
        [DESCRIPTION, "head.safetensors", journal::FILE, ColumnSettings::FILE].contains(&name)
            || is_part(name)
    }
}

/// Writes a signals folder. Interrupted at any time, the folder holds whole parts that a later run keeps.
#[derive(Debug)]
pub struct SignalsWriter {
    folder: PathBuf,
    /// Where the parts go: to `folder` itself, or beside it while older signals are there.
    work: PathBuf,
    file: DescriptionFile,
    /// Parts still to be written, in order.
    missing: VecDeque<u64>,
    /// Parts of this run; none where nothing is missing.
    journal: Option<PartsJournal>,
    _lock: FolderLock,
}

impl SignalsWriter {
    /// Begins or continues the signals of `description` in `folder`, which is made where it is missing.
    ///
    /// Parts that are there are read and checked; one that is damaged counts as missing. `columns` are those of the data,
    /// for whoever reads them again.
    ///
    /// # Errors
    /// [`SignalsFileError::OtherSettings`] if the folder holds signals of another teacher, data set, or form;
    /// [`SignalsFileError::Lock`] while another run writes there.
    pub fn open(
        folder: &Path,
        description: SignalsDescription,
        columns: &ColumnSettings,
        existing: Existing,
    ) -> Result<Self, SignalsFileError> {
        description.check(&description_path(folder))?;
        let lock = FolderLock::take(folder)?;
        let work = match existing {
            Existing::Resume => {
                check_resumable(folder, &description)?;
                storage::remove(&beside(folder))?;
                folder.to_owned()
            }
            Existing::Overwrite => folder_to_work_in(folder, &description)?,
        };
        storage::create_folder(&work)?;
        let mut file = DescriptionFile::new(description);
        let mut old = DescriptionFile::read(&work).map_or_else(|_| FileHashes::default(), |old| old.files);
        journal::read(&work, &mut old);
        let mut missing = VecDeque::new();
        for part in 0..file.description.parts() {
            match whole_part(&work, part, &file.description, &old) {
                Some(hash) => file.files.insert(&name_of(&part_path(&work, part)), hash),
                None => missing.push_back(part),
            }
        }
        if let Some(hash) = old.hash_of_same(&head_path(&work)) {
            file.files.insert(&name_of(&head_path(&work)), hash);
        }
        let mut journal = None;
        if !missing.is_empty() {
            file.write(&work)?;
            journal = Some(PartsJournal::begin(&work)?);
        }
        columns.remember(&work)?;
        Ok(Self { folder: folder.to_owned(), work, file, missing, journal, _lock: lock })
    }

    /// Continues the signals of `description` in `folder`, or begins them, as soon as no other run writes there.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`SignalsFileError::Lock`] where `cancelled` is set meanwhile.
    pub fn open_when_free(
        folder: &Path,
        description: &SignalsDescription,
        cancelled: &AtomicBool,
    ) -> Result<Self, SignalsFileError> {
        loop {
            let opened =
                Self::open(folder, description.clone(), &ColumnSettings::default(), Existing::Resume);
            let held = matches!(opened, Err(SignalsFileError::Lock(LockError::Held { .. })));
            if !held || FolderLock::wait(folder, |_| {}, cancelled)?.is_none() {
                return opened;
            }
        }
    }

    /// What is written.
    #[must_use]
    pub fn description(&self) -> &SignalsDescription {
        &self.file.description
    }

    /// The rows of the next part to be written; `None` when all are there.
    #[must_use]
    pub fn next_rows(&self) -> Option<Range<u64>> {
        self.missing.front().map(|&part| self.file.description.part_range(part))
    }

    /// Rows still to be written.
    #[must_use]
    pub fn missing_rows(&self) -> u64 {
        self.missing
            .iter()
            .map(|&part| self.file.description.part_range(part))
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
            let path = part_path(&self.work, self.file.description.parts());
            return Err(SignalsFileError::ExtraPart { file: path, rows: self.file.description.rows });
        };
        let path = part_path(&self.work, part);
        let description = &self.file.description;
        let wanted = description.part_range(part);
        let subclass_columns = description.subclass_columns().unwrap_or(0);
        let same = [
            ("first row", signals.first_row(), wanted.start),
            ("number of rows", signals.rows() as u64, wanted.end - wanted.start),
            ("width", signals.width() as u64, description.width as u64),
            ("number of classes", signals.classes() as u64, description.classes as u64),
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
        let hash = part::write(&path, signals, subclass_logits, description.embeddings)?;
        // A part counts once it is named.
        if let Some(journal) = &mut self.journal {
            journal.add(&name_of(&path), &hash)?;
        }
        self.file.files.insert(&name_of(&path), hash);
        self.missing.pop_front();
        Ok(())
    }

    /// Writes the teacher's head.
    pub fn write_head(&mut self, head: &Head) -> Result<(), SignalsFileError> {
        let file = head_path(&self.work);
        let same = [
            ("width", head.width(), self.file.description.width),
            ("number of classes", head.classes(), self.file.description.classes),
        ];
        for (what, found, wanted) in same {
            if found != wanted {
                let (found, wanted) = (found as u64, wanted as u64);
                return Err(SignalsFileError::WrongBlock { file, what, found, wanted });
            }
        }
        let hash = head::write(&self.work, head)?;
        self.file.files.insert(&name_of(&file), hash);
        Ok(self.file.write(&self.work)?)
    }

    /// Marks the signals as complete, and opens them.
    ///
    /// # Errors
    /// [`SignalsFileError::Incomplete`] if a part is missing.
    pub fn finish(mut self) -> Result<SignalsFolder, SignalsFileError> {
        if let Some(rows) = self.next_rows() {
            let (written, rows) = (rows.start, self.file.description.rows);
            return Err(SignalsFileError::Incomplete { folder: self.folder, written, rows });
        }
        if self.journal.take().is_some() {
            // It names every part before the journal goes, which named them so far: complete signals have none beside them.
            self.file.write(&self.work)?;
        }
        journal::remove(&self.work)?;
        self.file.complete = true;
        self.file.write(&self.work)?;
        if self.work != self.folder {
            storage::replace_folder(&self.work, &self.folder, &SIGNALS)?;
            storage::remove(&self.work)?;
        }
        SignalsFolder::open(&self.folder)
    }
}

/// Refuses to go on in a folder that holds something else.
fn check_resumable(folder: &Path, description: &SignalsDescription) -> Result<(), SignalsFileError> {
    if description_path(folder).is_file() {
        return description.check_same(&DescriptionFile::read(folder)?.description, folder);
    }
    if part_files(folder)?.is_empty() {
        return Ok(());
    }
    Err(SignalsFileError::PartsWithoutDescription { folder: folder.to_owned() })
}

/// Where signals that replace those of `folder` are written. Complete ones stay until the new ones are whole; what an earlier
/// run began under the same description is gone on with, and all else of it goes.
fn folder_to_work_in(folder: &Path, description: &SignalsDescription) -> Result<PathBuf, SignalsFileError> {
    let is_begun = |file: &DescriptionFile| !file.complete && file.description == *description;
    let here = DescriptionFile::read(folder);
    if here.as_ref().is_ok_and(|file| file.complete) {
        let beside = beside(folder);
        // Signals that are complete are the old ones, which a run has put there and not removed.
        if !DescriptionFile::read(&beside).as_ref().is_ok_and(is_begun) {
            storage::remove(&beside)?;
        }
        return Ok(beside);
    }
    if !here.as_ref().is_ok_and(is_begun) {
        remove(folder)?;
    }
    Ok(folder.to_owned())
}

/// Where signals are written that replace those of `folder`. Only the run that has locked `folder` uses it.
fn beside(folder: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mut name = OsString::from(".");
    name.push(folder.file_name().unwrap_or_default());
    name.push(".new");
    folder.with_file_name(name)
}

/// Hash of a part that is there, whole, and the one that was written.
fn whole_part(
    folder: &Path,
    part: u64,
    description: &SignalsDescription,
    recorded: &FileHashes,
) -> Option<String> {
    let path = part_path(folder, part);
    let hash = recorded.hash_of_same(&path)?;
    let part = Part::open(&path, description, description.part_range(part), None).ok()?;
    part.signals().and(part.subclass_logits()).ok().map(|_| hash)
}

/// Removes the files of a signals folder, and no others; the description first, so that what stays after a
/// failure is not taken for signals.
fn remove(folder: &Path) -> Result<(), SignalsFileError> {
    let files = [description_path(folder), head_path(folder), folder.join(journal::FILE)];
    files.into_iter().chain(part_files(folder)?).try_for_each(|path| Ok(storage::remove(&path)?))
}

/// The files of `folder` that are called as parts are.
fn part_files(folder: &Path) -> Result<Vec<PathBuf>, SignalsFileError> {
    let read = |source| FileError::Read { path: folder.to_owned(), source };
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if is_part(&name_of(&path)) {
            parts.push(path);
        }
    }
    Ok(parts)
}

fn is_part(name: &str) -> bool {
    let number = name.strip_prefix("part-").and_then(|name| name.strip_suffix(".safetensors"));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

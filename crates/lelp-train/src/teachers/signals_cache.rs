//! A teacher's signals on data sets, kept on disk by content: a teacher answers a data set once.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_data::signals::PART_ROWS;
use lelp_data::storage::{self, FolderLock, LockError, sha256};
use lelp_data::{ColumnSettings, Dataset, Existing, Precision, SignalsFileError, SignalsFolder, folder_hash};
use lelp_model::{LoadedModel, ModelSchema, Teacher, load_model, teacher_of};
use serde_json::json;

use super::embedding_cache::EmbeddingCache;
use super::signals::{SignalsOptions, SignalsRunError, write_signals};

/// A teacher of any kind, loaded from its folder, and what tells it from others.
#[derive(Debug)]
pub struct LoadedTeacher {
    model: LoadedModel,
    folder: PathBuf,
    /// Hash of every file of the folder.
    files: String,
}

impl LoadedTeacher {
    /// Loads the model in `folder`, which must have embeddings to give.
    pub fn open(folder: &Path, threads: NonZeroUsize) -> Result<Self, SignalsRunError> {
        let model = load_model(folder, threads)?;
        teacher_of(model.as_ref(), folder)?;
        Ok(Self { model, folder: folder.to_owned(), files: folder_hash(folder)? })
    }

    /// Names of the classes, in the order of the logits.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.model.labels()
    }

    /// What it reads.
    #[must_use]
    pub fn schema(&self) -> &ModelSchema {
        self.model.schema()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it reads texts by an encoder that was trained for its classes.
    #[must_use]
    pub fn is_fine_tuned(&self) -> bool {
        let frozen = self.model.teacher().and_then(Teacher::frozen_encoder);
        self.model.schema().needed().text().is_some() && frozen.is_none()
    }

    fn teacher(&self) -> Result<&dyn Teacher, SignalsRunError> {
        Ok(teacher_of(self.model.as_ref(), &self.folder)?)
    }
}

/// A folder of signals, each in a folder that is called by who answered what, and how.
#[derive(Debug, Clone)]
pub struct SignalsCache {
    folder: PathBuf,
}

/// Signals, and whether an earlier run wrote them.
#[derive(Debug)]
pub struct ObtainedSignals {
    /// The signals.
    pub signals: SignalsFolder,
    /// Where they are.
    pub folder: PathBuf,
    /// Whether they were there already.
    pub kept: bool,
}

impl SignalsCache {
    /// Signals in folders below `folder`, which is made with the first of them.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The teacher's signals on `data`: those of an earlier run, or else its answers, which are kept.
    ///
    /// They belong to the values and labels of `data` and to every file of the teacher, wherever these are. A run that was
    /// cut off goes on where it stopped, and parts that are damaged are written again.
    pub fn obtain(
        &self,
        teacher: &LoadedTeacher,
        data: &Dataset,
        embeddings: Option<&EmbeddingCache>,
        progress: &mut dyn FnMut(usize),
        cancel: &AtomicBool,
    ) -> Result<ObtainedSignals, SignalsRunError> {
        let columns = &ColumnSettings::default();
        let precision = Precision::F32;
        let how = json!([precision, PART_ROWS]);
        let what = json!([data.hash(), data.labels_hash(), data.label_names()]);
        let key = sha256(json!(["signals 1", teacher.files, how, what]).to_string().as_bytes());
        let folder = self.folder.join(&key[..32]);
        loop {
            storage::use_cache_entry(&folder);
            let existing = match SignalsFolder::open(&folder) {
                Ok(signals) if signals.check_data(data).is_ok() => {
                    return Ok(ObtainedSignals { signals, folder, kept: true });
                }
                // What says how to go on from there cannot be read, or is not there.
                Err(SignalsFileError::Description { .. }) => Existing::Overwrite,
                Err(_) if folder.is_dir() && !SignalsFolder::has_description(&folder) => Existing::Overwrite,
                _ => Existing::Resume,
            };
            let options = SignalsOptions { precision, existing, part_rows: PART_ROWS, columns };
            let written =
                write_signals(teacher.teacher()?, embeddings, data, &folder, options, progress, cancel);
            if !is_held(&written) {
                storage::use_cache_entry(&folder);
                // Between the writing and the line above another process may have removed it.
                if written.is_ok() && SignalsFolder::open(&folder).is_err() {
                    continue;
                }
                return Ok(ObtainedSignals { signals: written?, folder, kept: false });
            }
            // Another run writes the same signals: they are there when it ends, or go on from where it was stopped.
            if FolderLock::wait(&folder, |_| {}, cancel).map_err(SignalsFileError::from)?.is_none() {
                return Ok(ObtainedSignals { signals: written?, folder, kept: false });
            }
        }
    }
}

/// Whether another run writes to the folder.
fn is_held(written: &Result<SignalsFolder, SignalsRunError>) -> bool {
    matches!(written, Err(SignalsRunError::Folder(SignalsFileError::Lock(LockError::Held { .. }))))
}

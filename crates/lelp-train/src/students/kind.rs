//! The seam between the kinds of students and all that trains, compares and saves them.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::STUDENT_KINDS;
use super::error::StudentError;
use super::job::{TrainingControl, TrainingJob};
use super::trained::Trained;
use crate::task::Task;
use crate::teachers::EmbeddingCache;
use crate::training::TrainSettings;

/// A kind of student.
#[derive(Debug)]
pub struct StudentKind {
    /// Its name, as in recipes.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// How a student of this kind is trained by default.
    pub training: fn() -> TrainSettings,
    /// What a search tries of its settings beside what is given, each also together with those before it.
    pub alternatives: &'static [Alternative],
    /// What it tries of the best student that it has found, where the teacher is an encoder.
    pub of_teacher: &'static [Alternative],
    /// Its settings from their names and values.
    pub(super) read: fn(Map<String, Value>) -> Result<StudentSettings, serde_json::Error>,
}

/// A change of a student's settings that a search tries.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// What it is, in a few words.
    pub name: &'static str,
    /// The settings that it changes, and their values.
    pub changes: &'static [(&'static str, usize)],
}

impl StudentKind {
    /// The kind with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        STUDENT_KINDS.iter().copied().find(|kind| kind.name == name)
    }
}

/// Settings of a student, of one kind.
pub trait Student: fmt::Debug + Send + Sync {
    /// The kind.
    fn kind(&self) -> &'static StudentKind;

    /// Reads of the task what students with these settings learn from; `progress` is called with the number of rows done.
    fn prepare(
        &self,
        task: &Task,
        resources: &Resources<'_>,
        progress: &mut dyn FnMut(usize),
        cancelled: &AtomicBool,
    ) -> Result<Box<dyn PreparedStudent>, StudentError>;

    /// The encoder that it is made of, a folder or a name, where it is made of one.
    fn encoder(&self) -> Option<&Path> {
        None
    }

    /// The same settings with the encoder in `folder`; none where [`encoder`](Self::encoder) gives none.
    fn with_encoder(&self, _folder: PathBuf) -> Option<StudentSettings> {
        None
    }

    /// Whether the rows are embedded by its encoder, which takes minutes.
    fn embeds_rows(&self) -> bool {
        self.encoder().is_some()
    }

    /// Whether one such student keeps all threads busy, so that several side by side gain nothing.
    fn trains_alone(&self) -> bool {
        false
    }
}

/// Settings of a student: its kind under `student`, beside the settings of that kind.
#[derive(Clone)]
pub struct StudentSettings {
    pub(super) student: Arc<dyn Student>,
    /// The settings by name, as they are written.
    pub(super) values: Map<String, Value>,
}

/// What a student may need beside its task.
#[derive(Debug, Clone, Copy)]
pub struct Resources<'a> {
    /// Folder of the teacher, for students made of it.
    pub teacher: Option<&'a Path>,
    /// Embeddings by frozen encoders, of earlier runs too.
    pub cache: Option<&'a EmbeddingCache>,
    /// Threads.
    pub threads: NonZeroUsize,
}

impl Resources<'_> {
    /// Threads alone.
    #[must_use]
    pub fn threads(threads: NonZeroUsize) -> Self {
        Self { teacher: None, cache: None, threads }
    }
}

/// Settings of a student with what it reads of a task: every method and seed trains on the same.
pub trait PreparedStudent: fmt::Debug + Send + Sync {
    /// Trains one student.
    fn train(
        &self,
        job: &TrainingJob<'_>,
        control: &mut TrainingControl<'_>,
    ) -> Result<Trained, StudentError>;

    /// Hash of the weights that it starts from, for kinds that train so long that a checkpoint pays; none for those that
    /// start over.
    fn checkpoint_identity(&self) -> Result<Option<String>, StudentError> {
        Ok(None)
    }
}

/// Reads settings of type `T`; a key that `T` does not have is refused.
///
/// The keys are those that `T` writes, so that settings may be put together of several structures.
pub(super) fn read<T>(given: Map<String, Value>) -> Result<StudentSettings, serde_json::Error>
where
    T: Student + Serialize + DeserializeOwned + 'static,
{
    let names: Vec<String> = given.keys().cloned().collect();
    let settings: T = serde_json::from_value(Value::Object(given))?;
    let settings = StudentSettings::new(settings);
    match names.iter().find(|name| !settings.values().contains_key(*name)) {
        None => Ok(settings),
        Some(name) => {
            let known: Vec<String> = settings.values().keys().map(|key| format!("`{key}`")).collect();
            let problem = format!("unknown field `{name}`, expected one of {}", known.join(", "));
            Err(serde::de::Error::custom(problem))
        }
    }
}

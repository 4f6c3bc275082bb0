//! The static student as a model: its folder, and the texts of tables that it reads.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lelp::{Classified, ErrorKind};
use lelp_core::ngram::Bytes;
use lelp_core::static_embeddings::{StaticBytesError, StaticStudent, StaticStudentScratch};
use lelp_data::storage::{self, FileError};
use lelp_data::{Table, Text};
use thiserror::Error;

use super::KIND;
use crate::head::ClassifierHead;
use crate::predict_error::PredictError;
use crate::predictor::{Predictor, Scratch};
use crate::schema::ModelSchema;

/// File names inside the model's folder.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// A trained static student, and what it reads.
#[derive(Debug, Clone)]
pub struct StaticModel {
    student: StaticStudent,
    schema: ModelSchema,
}

/// Why a model could not be loaded or saved.
#[derive(Debug, Error)]
pub enum StaticFileError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The files are no static student.
    #[error("the model in `{}` is unsound", folder.display())]
    Unsound {
        /// The folder.
        folder: PathBuf,
        /// Which file, and why.
        source: StaticBytesError,
    },
}

impl Classified for StaticFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Unsound { .. } => ErrorKind::Input,
        }
    }
}

impl Deref for StaticModel {
    type Target = StaticStudent;

    fn deref(&self) -> &StaticStudent {
        &self.student
    }
}

impl From<StaticStudent> for StaticModel {
    fn from(student: StaticStudent) -> Self {
        Self { student, schema: ModelSchema::text_or_pair() }
    }
}

impl StaticModel {
    /// Loads the model in `folder`. The vectors are mapped, not read.
    ///
    /// # Errors
    /// [`StaticFileError`] names the file.
    pub fn load(folder: &Path) -> Result<Self, StaticFileError> {
        let config = storage::map(&folder.join(CONFIG))?;
        let weights: Bytes = Arc::new(storage::map(&folder.join(WEIGHTS))?);
        let student = StaticStudent::from_bytes(&config, &weights);
        Ok(student.map_err(|source| StaticFileError::Unsound { folder: folder.to_owned(), source })?.into())
    }

    /// Saves the model into `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// [`StaticFileError`] names the file.
    pub fn save(&self, folder: &Path) -> Result<(), StaticFileError> {
        storage::create_folder(folder)?;
        storage::write(&folder.join(WEIGHTS), &self.weight_bytes())?;
        Ok(storage::write(&folder.join(CONFIG), &self.config_bytes())?)
    }

    /// The model with its vectors in 8 bits.
    #[must_use]
    pub fn quantized(&self) -> Self {
        self.student.quantized().into()
    }

    /// The layers as a head, subclasses and all.
    pub(crate) fn head(&self) -> ClassifierHead {
        ClassifierHead::of_layers(self.layers(), self.config().subclasses)
    }
}

impl Predictor for StaticModel {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn labels(&self) -> &[String] {
        &self.config().labels
    }

    fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(self.student.scratch())
    }

    fn text_logits(
        &self,
        text: &Text<'_>,
        scratch: &mut Scratch,
        logits: &mut [f32],
    ) -> Result<(), PredictError> {
        self.class_logits(text, scratch.of_kind::<StaticStudentScratch>(), logits);
        PredictError::check(logits)
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        let table = self.schema.fit(table)?;
        let classes = self.labels().len();
        let mut scratch = self.student.scratch();
        let mut logits = vec![0.0; table.rows() * classes];
        for (text, logits) in table.texts()?.zip(logits.chunks_exact_mut(classes)) {
            self.class_logits(&text, &mut scratch, logits);
        }
        PredictError::check(&logits)?;
        Ok(logits)
    }
}

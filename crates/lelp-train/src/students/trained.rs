//! A student that was trained.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use lelp_data::Dataset;
use lelp_model::Predictor;
use lelp_model::load_model;

use super::error::StudentError;
use crate::evaluate::{Answers, answer};
use crate::teachers::EmbeddingCache;
use crate::training::TrainReport;

/// A trained student, with how its training went.
#[derive(Debug)]
pub struct Trained {
    /// The student, with the parameters of its best epoch.
    pub student: Box<dyn TrainedStudent>,
    /// How training went.
    pub report: TrainReport,
}

/// A student that was trained, of any kind.
pub trait TrainedStudent: fmt::Debug + Send + Sync {
    /// Writes the folder of a model.
    fn save(&self, folder: &Path) -> Result<(), StudentError>;

    /// The model in memory, for kinds that answer without their folder.
    fn predictor(&self) -> Option<&dyn Predictor> {
        None
    }

    /// Answers of the model that [`save`](Self::save) wrote to the rows of `data`.
    fn answer(
        &self,
        saved: SavedStudent<'_>,
        data: &Dataset,
        cancelled: &AtomicBool,
    ) -> Result<Answers, StudentError> {
        let mut quiet = |_| {};
        Ok(match self.predictor() {
            Some(model) => answer(model, data, &mut quiet, cancelled)?,
            None => answer(load_model(saved.folder, saved.threads)?.as_ref(), data, &mut quiet, cancelled)?,
        })
    }

    /// What its user should know of the way it is saved, held against the labelled rows of `validation`.
    fn remarks(&self, _validation: &Dataset, _cancelled: &AtomicBool) -> Result<Vec<String>, StudentError> {
        Ok(Vec::new())
    }
}

/// Where a student was saved, and what it may answer with.
#[derive(Debug, Clone, Copy)]
pub struct SavedStudent<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Embeddings by frozen encoders, of earlier runs too.
    pub cache: &'a EmbeddingCache,
    /// Threads.
    pub threads: NonZeroUsize,
}

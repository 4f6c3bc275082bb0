//! What a kind of model is, and how one is loaded.

use std::num::NonZeroUsize;
use std::path::Path;

use crate::encoder::EncoderPrecision;
use crate::export::source::ExportSource;
use crate::model_folder_error::ModelFolderError;
use crate::predictor::Predictor;

/// A kind of model: how its folder is recognised and loaded.
#[derive(Debug)]
pub struct ModelKind {
    /// Its name, as [`Predictor::kind`] gives it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// Whether a folder holds a model of this kind, sound or not.
    pub recognises: fn(&Path) -> bool,
    /// Loads the model; answers are the same bytes for any number of threads.
    pub load: fn(&Path, LoadOptions) -> Result<LoadedModel, ModelFolderError>,
    /// Reads what is written for other programs.
    pub(crate) export: fn(&Path) -> Result<ExportSource, ModelFolderError>,
}

/// A model of any kind, loaded.
pub type LoadedModel = Box<dyn Predictor>;

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Threads to answer on. Answers are the same bytes for every number.
    pub threads: NonZeroUsize,
    /// Precision of the products of its encoder.
    pub precision: EncoderPrecision,
    /// Whether its logits are divided by the temperature of the calibration that stands beside it, if one does.
    pub calibrated: bool,
}

/// On so many threads, in f32, calibrated.
impl From<NonZeroUsize> for LoadOptions {
    fn from(threads: NonZeroUsize) -> Self {
        Self { threads, precision: EncoderPrecision::F32, calibrated: true }
    }
}

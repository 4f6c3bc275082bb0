//! Models for other programs: ONNX graphs, folders for `transformers`, plain safetensors.
//!
//! | | [`Onnx`](ExportFormat::Onnx) | [`Transformers`](ExportFormat::Transformers) | [`Safetensors`](ExportFormat::Safetensors) |
//! |---|---|---|---|
//! | n-gram student | `input_ids`, `offsets`; `piece_ids`, `piece_offsets` | | `table`, `static`, layers |
//! | static student | `input_ids`, `offsets` | | `static`, layers |
//! | network on columns | an input a column | | layers, category tables, encoder |
//! | tf-idf baseline | | | `keys`, `idf`, `weight`, `bias` |
//! | frozen encoder with a head | tokens | | encoder, head |
//! | sequence classifier | tokens | a folder | encoder, head |
//!
//! All of them answer as the model does, its [calibration](crate::Calibration) included. Only operators of standard ONNX
//! are used; every graph gives `logits` `[batch, classes]`, subclasses collapsed, and `embedding` `[batch, width]`, what
//! its last layer reads. What a graph or file cannot say otherwise is in its metadata ([`Exported::metadata`]).

mod onnx;
pub(crate) mod source;
mod tensors;
mod transformers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lelp::CalibrationTemperature;
use lelp_data::BoundedJsonError;
use lelp_data::storage::FileError;
use thiserror::Error;

use source::ExportSource;

use crate::calibration::Calibration;
use crate::checkpoint::{EncoderConfigFileError, WeightsError};
use crate::load_model::{check_recorded, kind_of};
use crate::model_folder_error::ModelFolderError;
use crate::tokenizer::TokenizerFileError;

/// What a model is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// An ONNX graph in standard operators: a file, and one beside it for weights beyond a gigabyte.
    Onnx,
    /// A folder that `AutoModelForSequenceClassification` of `transformers` loads.
    Transformers,
    /// One file of f32 tensors with names and metadata.
    Safetensors,
}

impl ExportFormat {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Transformers => "transformers",
            Self::Safetensors => "safetensors",
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// Names of a graph's inputs.
    pub inputs: Vec<String>,
    /// Names of the classes, in the order of the logits.
    pub labels: Vec<String>,
    /// What the graph or file says of itself, by key.
    pub metadata: BTreeMap<String, String>,
    /// The files, or the one folder.
    pub files: Vec<PathBuf>,
}

/// Why nothing was exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The folder is no sound model.
    #[error(transparent)]
    Model(#[from] ModelFolderError),
    /// This kind of model cannot be written in the format.
    #[error("`{}` holds a model of kind {kind}, which cannot be written as {}: {reason}", folder.display(), format.name())]
    Format {
        /// The folder.
        folder: PathBuf,
        /// Its kind.
        kind: &'static str,
        /// The format.
        format: ExportFormat,
        /// Why.
        reason: &'static str,
    },
    /// A column has the name of something else in the graph.
    #[error(
        "column `{column}` has the name of something else in the graph: give it another one, and distil again"
    )]
    Column {
        /// The column.
        column: String,
    },
    /// Its weights do not fit its config.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The config of an encoder in the folder is not sound.
    #[error(transparent)]
    Config(#[from] EncoderConfigFileError),
    /// The tokenizer in the folder is not sound.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerFileError),
    /// The calibration beside the model is not sound.
    #[error(transparent)]
    Calibration(#[from] BoundedJsonError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A model, where it is, and what its logits are divided by.
struct Source<'a> {
    folder: &'a Path,
    kind: &'static str,
    model: ExportSource,
    temperature: Option<CalibrationTemperature>,
}

impl Source<'_> {
    /// What every format says of a model.
    fn metadata(&self, labels: &[String]) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::from([
            ("kind".to_owned(), self.kind.to_owned()),
            ("labels".to_owned(), serde_json::json!(labels).to_string()),
        ]);
        if let Some(temperature) = self.temperature {
            metadata.insert("temperature".to_owned(), temperature.get().to_string());
        }
        metadata
    }

    fn refused(&self, format: ExportFormat, reason: &'static str) -> ExportError {
        ExportError::Format { folder: self.folder.to_owned(), kind: self.kind, format, reason }
    }
}

/// Writes the model in `folder` as `format` to `out`: a file, or a folder for `transformers`, which takes the place of one
/// that is there.
///
/// # Errors
/// [`ExportError`] names the file; `out` is written completely or not at all.
pub fn export(folder: &Path, out: &Path, format: ExportFormat) -> Result<Exported, ExportError> {
    let kind = kind_of(folder)?;
    check_recorded(folder).map_err(ModelFolderError::unsound)?;
    let model = (kind.export)(folder)?;
    let temperature = Calibration::of(folder)?.map(|calibration| calibration.temperature);
    let source = Source { folder, kind: kind.name, model, temperature };
    match format {
        ExportFormat::Onnx => onnx::write(&source, out),
        ExportFormat::Transformers => transformers::write(&source, out),
        ExportFormat::Safetensors => tensors::write(&source, out),
    }
}

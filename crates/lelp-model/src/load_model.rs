//! The one door through which any model's folder is loaded.

use std::num::NonZeroUsize;
use std::path::Path;

use lelp_data::storage::{self, FileError, FileHashes};
use serde::Deserialize;

use crate::calibration::CalibratedModel;
use crate::checkpoint;
use crate::encoder::EncoderPrecision;
use crate::kinds::MODEL_KINDS;
use crate::model_folder_error::ModelFolderError;
use crate::model_kind::{LoadOptions, LoadedModel, ModelKind};

/// Loads the model in `folder`, of whatever kind, on as many threads as there are processors: [`load_model`] takes their
/// number.
///
/// # Errors
/// As [`load_model`].
pub fn load(folder: impl AsRef<Path>) -> Result<LoadedModel, ModelFolderError> {
    load_model(folder.as_ref(), std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

/// Loads the model in `folder`, of whatever kind, with the [calibration](crate::Calibration) that stands beside it unless
/// `options` say otherwise.
///
/// # Errors
/// [`ModelFolderError`] names the folder or file; a folder that no kind recognises is refused, and a model without an
/// encoder in any precision but f32.
pub fn load_model(folder: &Path, options: impl Into<LoadOptions>) -> Result<LoadedModel, ModelFolderError> {
    let options = options.into();
    let kind = kind_of(folder)?;
    check_recorded(folder).map_err(ModelFolderError::unsound)?;
    let model = (kind.load)(folder, options)?;
    if model.encoder().is_none() && options.precision != EncoderPrecision::F32 {
        let (folder, kind, precision) = (folder.to_owned(), model.kind(), options.precision.name());
        return Err(ModelFolderError::NoEncoder { folder, kind, precision });
    }
    if !options.calibrated {
        return Ok(model);
    }
    CalibratedModel::of(model, folder).map_err(ModelFolderError::unsound)
}

/// The kind of the model in `folder`.
pub(crate) fn kind_of(folder: &Path) -> Result<&'static ModelKind, ModelFolderError> {
    if !folder.is_dir() {
        return Err(ModelFolderError::NoFolder(folder.to_owned()));
    }
    let kind = MODEL_KINDS.iter().find(|kind| (kind.recognises)(folder));
    kind.ok_or_else(|| {
        if let Err(pointer @ FileError::LfsPointer { .. }) = storage::map(&folder.join("config.json")) {
            return ModelFolderError::unsound(pointer);
        }
        let known = MODEL_KINDS.iter().map(|kind| kind.name).collect();
        ModelFolderError::UnknownKind { folder: folder.to_owned(), known, found: in_place_of_model(folder) }
    })
}

/// What a folder without a model holds that others take for one.
fn in_place_of_model(folder: &Path) -> Option<&'static str> {
    let is_there = |name: &str| folder.join(name).is_file();
    if checkpoint::holds_adapter(folder) {
        return Some(checkpoint::ADAPTER);
    }
    is_there("config.json")
        .then_some("its `config.json` has no `model_type`, as that of a Hugging Face model has")
}

/// The part of `run.json` or `shrink.json` that says which files belong together.
#[derive(Deserialize)]
struct RunFile {
    #[serde(default)]
    files: FileHashes,
}

/// Refuses a folder whose files are not all those that its record was written with; a folder of another program has
/// none, or one that says nothing of it.
pub(crate) fn check_recorded(folder: &Path) -> Result<(), FileError> {
    ["run.json", "shrink.json"].iter().try_for_each(|name| {
        let Ok(json) = storage::map(&folder.join(name)) else { return Ok(()) };
        serde_json::from_slice(&json).map_or(Ok(()), |RunFile { files }| files.check(folder))
    })
}

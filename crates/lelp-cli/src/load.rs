//! Loads a model's folder; the hints name commands.

use std::path::Path;

use lelp_model::{ModelFolderError, Predictor, load_model};

use crate::args::GlobalArgs;
use crate::failure::Failure;

/// Loads the model in `folder`, of whatever kind.
pub(crate) fn load(folder: &Path, global: &GlobalArgs) -> Result<Box<dyn Predictor>, Failure> {
    load_model(folder, global.threads()).map_err(|error| {
        let hint = match &error {
            ModelFolderError::NoFolder(_) | ModelFolderError::UnknownKind(_) => {
                Some("name a folder that `lelp teach` or `lelp distill` wrote, or a Hugging Face classifier")
            }
            ModelFolderError::NoHead(_) => Some("train a head on it with `lelp teach --encoder`"),
            ModelFolderError::Unsound(_) => None,
        };
        let failure = Failure::from(error);
        match hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    })
}

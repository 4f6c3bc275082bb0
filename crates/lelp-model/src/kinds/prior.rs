//! Answers that are the same for every text: how often the classes are.

use std::num::NonZeroUsize;
use std::path::Path;

use lelp_data::Table;
use lelp_data::storage::{self, FileError};
use serde::{Deserialize, Serialize};

use crate::model_kind::{ModelFolderError, ModelKind};
use crate::predictor::{PredictError, Predictor};
use crate::schema::ModelSchema;

/// The prior.
pub(crate) const KIND: ModelKind = ModelKind {
    name: "prior",
    summary: "the same answer to every text",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "prior"),
    load,
};

/// Logits of the classes.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorModel {
    labels: Vec<String>,
    logits: Vec<f32>,
    schema: ModelSchema,
}

#[derive(Serialize, Deserialize)]
struct Config {
    model: String,
    labels: Vec<String>,
    logits: Vec<f32>,
}

impl PriorModel {
    /// A model with one logit a label.
    #[must_use]
    pub fn new(labels: Vec<String>, logits: Vec<f32>) -> Self {
        assert_eq!(labels.len(), logits.len());
        Self { labels, logits, schema: ModelSchema::text_or_pair() }
    }

    /// Writes its folder.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        storage::create_folder(folder)?;
        let (labels, logits) = (self.labels.clone(), self.logits.clone());
        let config = Config { model: "prior".to_owned(), labels, logits };
        storage::write(&folder.join("config.json"), &storage::pretty_json(&config))
    }
}

fn load(folder: &Path, _threads: NonZeroUsize) -> Result<crate::LoadedModel, ModelFolderError> {
    let json = storage::map(&folder.join("config.json")).map_err(ModelFolderError::unsound)?;
    let config: Config =
        serde_json::from_slice(&json).map_err(|_| ModelFolderError::NoFolder(folder.to_owned()))?;
    Ok(Box::new(PriorModel::new(config.labels, config.logits)))
}

impl Predictor for PriorModel {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        Ok(self.logits.repeat(table.rows()))
    }
}

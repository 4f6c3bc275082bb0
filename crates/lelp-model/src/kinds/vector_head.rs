//! A teacher whose embeddings are a column of the data: only its head is a file.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lelp_data::storage;
use lelp_data::{ColumnKind, Field, Schema, Table};
use serde::Deserialize;

use crate::head::{ClassifierHead, HeadOutput};
use crate::model_kind::{ModelFolderError, ModelKind};
use crate::predictor::{PredictError, Predictor};
use crate::schema::ModelSchema;
use crate::teacher::Teacher;

/// The head on a column.
pub(crate) const KIND: ModelKind = ModelKind {
    name: "vector-head",
    summary: "a classifier head on a column of vectors",
    recognises: |folder: &Path| crate::kinds::config_names(folder, "vector-head"),
    load,
};

/// A head on a column of vectors.
#[derive(Debug)]
pub struct VectorHead {
    folder: PathBuf,
    labels: Vec<String>,
    head: ClassifierHead,
    schema: ModelSchema,
}

#[derive(Deserialize)]
struct Config {
    labels: Vec<String>,
    column: String,
}

fn load(folder: &Path, _threads: NonZeroUsize) -> Result<crate::LoadedModel, ModelFolderError> {
    let none = || ModelFolderError::NoFolder(folder.to_owned());
    let json = storage::map(&folder.join("config.json")).map_err(ModelFolderError::unsound)?;
    let config: Config = serde_json::from_slice(&json).map_err(|_| none())?;
    let bytes = storage::map(&folder.join("head.safetensors")).map_err(ModelFolderError::unsound)?;
    let head = ClassifierHead::from_bytes(&bytes).map_err(|_| none())?;
    let column = Field::new(config.column, ColumnKind::Vector { width: head.inputs() });
    let schema = ModelSchema::columns(Schema::new(vec![column]).map_err(|_| none())?);
    Ok(Box::new(VectorHead { folder: folder.to_owned(), labels: config.labels, head, schema }))
}

impl VectorHead {
    fn output(&self, table: &Table) -> Result<HeadOutput, PredictError> {
        let table = self.schema.fit(table)?;
        let rows = (0..table.rows()).flat_map(|row| table.vector(row, 0).iter().copied());
        Ok(self.head.apply(rows.collect()))
    }
}

impl Predictor for VectorHead {
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
        Ok(self.output(table)?.logits)
    }

    fn teacher(&self) -> Option<&dyn Teacher> {
        Some(self)
    }
}

impl Teacher for VectorHead {
    fn head(&self) -> &ClassifierHead {
        &self.head
    }

    fn hash(&self) -> Result<String, ModelFolderError> {
        let bytes = storage::map(&self.folder.join("head.safetensors")).map_err(ModelFolderError::unsound)?;
        Ok(storage::sha256(&bytes))
    }

    fn signals(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(usize),
        _cancel: &AtomicBool,
    ) -> Result<HeadOutput, PredictError> {
        progress(table.rows());
        self.output(table)
    }
}

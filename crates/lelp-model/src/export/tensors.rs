//! A model's weights as one file of f32 tensors, whatever they are stored as.
//!
//! | kind | tensors |
//! |---|---|
//! | n-gram student | `table` `[rows, width]`; `table.row_of_bucket` i64 `[buckets]` where it is pruned; `static` and `static.pieces` as below; layers |
//! | static student | `static` `[pieces, width]`, `static.pieces` u8: the pieces, one a line, those inside of words with `##`; layers |
//! | network on columns | `category.N.weight` `[words + 1, width]`, row 0 for a missing or unknown word; layers; `encoder.NAME` where a text is read |
//! | tf-idf baseline | `keys` u64 `[terms]`, `idf` `[terms]`, `weight` `[terms, outputs]`, `bias` `[outputs]` |
//! | encoder with a head | `encoder.NAME`, named as a bare encoder's in `transformers`; layers |
//!
//! The layers are `hidden.weight` `[units, inputs]` and `hidden.bias`, where there is a hidden layer, and `output.weight`
//! `[classes * subclasses, inputs]` and `output.bias`. The metadata has `kind`, `labels`, `subclasses`, `activation` (of the
//! hidden layer) and `config`, the model's own description as JSON; logits are divided by `temperature` where there is one.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use lelp_data::storage;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;

use super::{ExportError, ExportSource, Exported, Source};
use crate::checkpoint::{EncoderConfig, HeadActivation, Weights, WeightsError};
use crate::encoder_classifier::ClassifierFiles;
use crate::head::ClassifierHead;
use crate::mlp::MlpModel;
use crate::ngram::NgramModel;
use crate::predictor::{Predictor, Teacher};
use crate::static_embeddings::StaticEmbeddings;
use crate::tfidf::TfidfModel;

struct Tensor<'a> {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

/// Tensors by name, in the order in which they are written, and what is said of them.
#[derive(Default)]
pub(super) struct Tensors<'a> {
    tensors: Vec<Tensor<'a>>,
    metadata: BTreeMap<String, String>,
}

impl<'a> Tensors<'a> {
    /// Adds f32 values, row-major.
    pub(super) fn push(
        &mut self,
        name: impl Into<String>,
        shape: &[usize],
        values: impl Into<Cow<'a, [f32]>>,
    ) {
        let bytes = match values.into() {
            Cow::Borrowed(values) => Cow::Borrowed(bytemuck::cast_slice(values)),
            Cow::Owned(values) => Cow::Owned(bytemuck::cast_slice(&values).to_vec()),
        };
        self.push_bytes(name.into(), Dtype::F32, shape, bytes);
    }

    fn push_bytes(&mut self, name: String, dtype: Dtype, shape: &[usize], bytes: Cow<'a, [u8]>) {
        self.tensors.push(Tensor { name, dtype, shape: shape.to_vec(), bytes });
    }

    /// Vectors of pieces in `f32`, and the pieces, one a line, each at the place of its vector.
    fn static_embeddings(&mut self, embeddings: &StaticEmbeddings) {
        let (table, pieces) = (embeddings.table(), embeddings.vocabulary().to_bytes());
        let mut values = vec![0.0; table.rows() * table.width()];
        table.write_rows(&mut values);
        self.push("static", &[table.rows(), table.width()], values);
        let shape = [pieces.len()];
        self.push_bytes("static.pieces".to_owned(), Dtype::U8, &shape, Cow::Owned(pieces));
    }

    fn describe(&mut self, key: &str, value: &impl ToString) {
        self.metadata.insert(key.to_owned(), value.to_string());
    }

    /// The layers of a head, and what no tensor says of them.
    fn head(&mut self, head: &'a ClassifierHead) {
        let hidden = head.hidden();
        let layers =
            hidden.map(|(layer, _)| ("hidden", layer)).into_iter().chain([("output", head.output())]);
        for (name, layer) in layers {
            self.push(format!("{name}.weight"), &[layer.outputs(), layer.inputs()], layer.weight());
            self.push(format!("{name}.bias"), &[layer.outputs()], layer.bias());
        }
        self.describe("subclasses", &head.subclasses());
        if let Some((_, activation)) = hidden {
            let name = match activation {
                HeadActivation::Relu => "relu",
                HeadActivation::Tanh => "tanh",
            };
            self.describe("activation", &name);
        }
    }

    /// The tensors of an encoder.
    fn encoder(&mut self, config: &EncoderConfig, weights: &Weights) -> Result<(), WeightsError> {
        for tensor in config.modules().iter().flat_map(|module| module.tensors().collect::<Vec<_>>()) {
            let values = weights.read(&tensor)?.into_owned();
            self.push(format!("encoder.{}", tensor.name), &tensor.shape, values);
        }
        Ok(())
    }

    /// Writes the file.
    pub(super) fn write(self, out: &Path, metadata: BTreeMap<String, String>) -> Result<(), ExportError> {
        let views = self.tensors.iter().map(|Tensor { name, dtype, shape, bytes }| {
            let view =
                TensorView::new(*dtype, shape.clone(), bytes).expect("the shape is that of the values");
            (name.as_str(), view)
        });
        let metadata: HashMap<String, String> = metadata.into_iter().collect();
        let bytes =
            safetensors::serialize(views, Some(metadata)).expect("lengths and shapes are those of the model");
        Ok(storage::write(out, &bytes)?)
    }
}

pub(super) fn write(source: &Source<'_>, out: &Path) -> Result<Exported, ExportError> {
    let head;
    let (tensors, labels) = match &source.model {
        ExportSource::Ngram(model) => {
            head = model.head();
            (ngram(model, &head), model.labels())
        }
        ExportSource::Static(model) => {
            head = model.head();
            let mut tensors = Tensors::default();
            tensors.static_embeddings(model.embeddings());
            tensors.head(&head);
            tensors.describe("config", &json!(model.config()));
            (tensors, model.labels())
        }
        ExportSource::Columns(model) => (columns(model)?, model.labels()),
        ExportSource::Tfidf(model) => (tfidf(model), model.labels()),
        ExportSource::FrozenEncoder(files) | ExportSource::SequenceClassifier(files) => {
            (classifier(files)?, files.labels.as_slice())
        }
    };
    let mut metadata = source.metadata(labels);
    metadata.extend(tensors.metadata.clone());
    tensors.write(out, metadata.clone())?;
    Ok(Exported { inputs: Vec::new(), labels: labels.to_vec(), metadata, files: vec![out.to_owned()] })
}

fn ngram<'a>(model: &'a NgramModel, head: &'a ClassifierHead) -> Tensors<'a> {
    let (table, mut tensors) = (model.table(), Tensors::default());
    let mut values = vec![0.0; table.rows() * table.width()];
    table.write_rows(&mut values);
    tensors.push("table", &[table.rows(), table.width()], values);
    if let Some(rows) = table.row_of_buckets() {
        let bytes = bytemuck::cast_slice(&rows).to_vec();
        let name = "table.row_of_bucket".to_owned();
        tensors.push_bytes(name, Dtype::I64, &[rows.len()], Cow::Owned(bytes));
    }
    if let Some(embeddings) = model.static_embeddings() {
        tensors.static_embeddings(embeddings);
    }
    tensors.head(head);
    tensors.describe("config", &json!(model.config()));
    tensors
}

fn columns(model: &MlpModel) -> Result<Tensors<'_>, ExportError> {
    let mut tensors = Tensors::default();
    for (place, table) in model.category_tables().iter().enumerate() {
        let shape = [table.values.len() / table.width, table.width];
        tensors.push(format!("category.{place}.weight"), &shape, table.values.as_slice());
    }
    tensors.head(model.head());
    if let Some(folder) = model.encoder_folder() {
        let config = EncoderConfig::load(folder)?;
        tensors.encoder(&config, &Weights::open(folder, &config)?)?;
    }
    tensors.describe("config", &json!(model.config()));
    Ok(tensors)
}

fn tfidf(model: &TfidfModel) -> Tensors<'_> {
    let mut tensors = Tensors::default();
    let (terms, outputs) = (model.vocabulary().terms(), model.bias().len());
    let keys = Cow::Borrowed(bytemuck::cast_slice(model.vocabulary().keys()));
    tensors.push_bytes("keys".to_owned(), Dtype::U64, &[terms], keys);
    tensors.push("idf", &[terms], model.vocabulary().idf());
    tensors.push("weight", &[terms, outputs], model.weight());
    tensors.push("bias", &[outputs], model.bias());
    tensors
}

fn classifier(files: &ClassifierFiles) -> Result<Tensors<'_>, ExportError> {
    let mut tensors = Tensors::default();
    tensors.encoder(&files.config, &files.weights)?;
    tensors.head(&files.head);
    tensors.describe("pooling", &json!(files.pooling).as_str().unwrap_or_default());
    tensors.describe("normalize", &files.normalize);
    tensors.describe("max_length", &files.max_length());
    tensors.describe("preparation", &json!(files.preparation));
    tensors.describe("config", &String::from_utf8_lossy(&files.config.to_bytes()));
    Ok(tensors)
}

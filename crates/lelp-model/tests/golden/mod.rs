//! The goldens of `goldens/make_classifier_goldens.py`, and copies of their folders to be changed.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lelp_data::Text;
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor as Array};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const FAMILIES: [&str; 6] = ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "albert"];
/// The promise: every value this close to that of `transformers`.
const TOLERANCE: f32 = 1e-4;
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// A named array.
#[derive(Debug, Clone)]
pub(crate) struct Tensor<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<T>,
}

impl<T> Tensor<T> {
    /// Row `row` of a matrix.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.shape[1]..][..self.shape[1]]
    }
}

/// What `golden.safetensors` holds.
pub(crate) struct Golden {
    texts: Vec<(String, Option<String>)>,
    integers: BTreeMap<String, Tensor<i64>>,
    floats: BTreeMap<String, Tensor<f32>>,
}

impl Golden {
    pub(crate) fn read(family: &str) -> Self {
        let bytes = fs::read(folder(family).join("golden.safetensors")).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let texts = serde_json::from_str(&header.metadata().as_ref().unwrap()["texts"]).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let (mut integers, mut floats) = (BTreeMap::new(), BTreeMap::new());
        for (name, view) in file.tensors() {
            let shape = view.shape().to_vec();
            match view.dtype() {
                Dtype::I64 => {
                    let values = bytemuck::pod_collect_to_vec(view.data());
                    integers.insert(name, Tensor { shape, values });
                }
                _ => drop(
                    floats.insert(name, Tensor { shape, values: bytemuck::pod_collect_to_vec(view.data()) }),
                ),
            }
        }
        Self { texts, integers, floats }
    }

    pub(crate) fn texts(&self) -> Vec<Text<'_>> {
        self.texts.iter().map(|(text, pair)| Text { text, pair: pair.as_deref() }).collect()
    }

    pub(crate) fn integers(&self, name: &str) -> &Tensor<i64> {
        &self.integers[name]
    }

    pub(crate) fn floats(&self, name: &str) -> &Tensor<f32> {
        &self.floats[name]
    }

    /// The first row, its padding cut off.
    pub(crate) fn first_row_alone(&self) -> Self {
        let tokens = self.integers["attention_mask"].row(0).iter().filter(|&&present| present == 1).count();
        let ids = self.integers.iter().filter(|(name, _)| *name != "labels").map(|(name, tensor)| {
            let values = tensor.row(0)[..tokens].to_vec();
            (name.clone(), Tensor { shape: vec![1, tokens], values })
        });
        let logits = Tensor {
            shape: vec![1, self.floats["logits"].shape[1]],
            values: self.floats["logits"].row(0).to_vec(),
        };
        Self {
            texts: self.texts[..1].to_vec(),
            integers: ids.collect(),
            floats: BTreeMap::from([("logits".to_owned(), logits)]),
        }
    }
}

pub(crate) fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(family)
}

/// Both slices are as long, and every value is as close as promised.
#[track_caller]
pub(crate) fn close(family: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{family}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        // A value near 1000 has a spacing of its own.
        let tolerance = TOLERANCE.max(expected.abs() * 1e-6);
        assert!((found - expected).abs() <= tolerance, "{family} {place}: {found} is not {expected}");
    }
}

/// An exported graph in our own engine.
pub(crate) struct Graph(rten::Model);

impl Graph {
    pub(crate) fn read(path: &Path) -> Self {
        Self(rten::ModelOptions::with_all_ops().load_file(path).unwrap())
    }

    /// Logits and embedding for named inputs `[batch, tokens]`.
    pub(crate) fn run(&self, inputs: &[(&str, Vec<Vec<i32>>)]) -> [Vec<f32>; 2] {
        let arrays = inputs.iter().map(|(name, rows)| {
            let array = NdTensor::from_data([rows.len(), rows[0].len()], rows.concat());
            (self.0.node_id(name).unwrap(), rten::ValueOrView::from(array))
        });
        let outputs = ["logits", "embedding"].map(|name| self.0.node_id(name).unwrap());
        self.0.run_n(arrays.collect(), outputs, None).unwrap().map(|output| {
            let array: Array<f32> = output.try_into().unwrap();
            array.to_vec()
        })
    }
}

/// A copy of a golden's folder.
pub(crate) fn copy(family: &str) -> TempDir {
    let work = tempfile::tempdir().unwrap();
    for file in ["config.json", WEIGHTS, "tokenizer.json"] {
        fs::copy(folder(family).join(file), work.path().join(file)).unwrap();
    }
    work
}

pub(crate) fn edit_config(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("config.json");
    let mut config = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

/// Name, shape and values of every tensor.
pub(crate) type Tensors = BTreeMap<String, Tensor<f32>>;

pub(crate) fn read_weights(folder: &Path) -> Tensors {
    let bytes = fs::read(folder.join(WEIGHTS)).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors().into_iter().map(|(name, view)| {
        let values = bytemuck::pod_collect_to_vec(view.data());
        (name, Tensor { shape: view.shape().to_vec(), values })
    });
    tensors.collect()
}

pub(crate) fn write_weights(path: &Path, tensors: &Tensors) {
    let views = tensors.iter().map(|(name, Tensor { shape, values })| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(values)).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// Four outputs: the two there are, and the same 1000 higher.
pub(crate) fn double_head(folder: &Path, head: &str) {
    let mut tensors = read_weights(folder);
    let weight = tensors.get_mut(&format!("{head}.weight")).unwrap();
    weight.values.extend_from_within(..);
    weight.shape[0] = 4;
    let bias = tensors.get_mut(&format!("{head}.bias")).unwrap();
    bias.values =
        [0.0, 1000.0].iter().flat_map(|more| bias.values.iter().map(move |value| value + more)).collect();
    bias.shape[0] = 4;
    write_weights(&folder.join(WEIGHTS), &tensors);
    edit_config(folder, |config| {
        config["id2label"] = serde_json::json!({"0": "no/0", "1": "no/1", "2": "yes/0", "3": "yes/1"});
    });
}

/// The second of two outputs alone.
pub(crate) fn keep_second_output(folder: &Path, head: &str) {
    let mut tensors = read_weights(folder);
    for (name, rest) in [("weight", 1), ("bias", 0)] {
        let tensor = tensors.get_mut(&format!("{head}.{name}")).unwrap();
        let half = tensor.values.len() / 2;
        tensor.values.drain(..half);
        tensor.shape.truncate(1 + rest);
        tensor.shape[0] = 1;
    }
    write_weights(&folder.join(WEIGHTS), &tensors);
}

//! Networks against `transformers`, on the small classifiers of `lelp-model/tests/goldens`.

use std::collections::HashMap;
use std::path::PathBuf;

use lelp_model::checkpoint::EncoderConfig;
use lelp_model::tokenizer::TokenIds;
use safetensors::{Dtype, SafeTensors};

use super::parameters::to_vec;
use super::*;

const FAMILIES: [&str; 6] = ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "albert"];

fn folder(family: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../lelp-model/tests/goldens").join(family)
}

/// The tensors of a golden file, as numbers.
struct Golden(HashMap<String, (Vec<usize>, Vec<f64>)>);

impl Golden {
    fn read(family: &str) -> Self {
        let bytes = std::fs::read(folder(family).join("golden.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let numbers = tensors.tensors().into_iter().map(|(name, view)| {
            let numbers = match view.dtype() {
                Dtype::F32 => {
                    view.data().as_chunks::<4>().0.iter().map(|&c| f64::from(f32::from_le_bytes(c))).collect()
                }
                Dtype::I64 => {
                    view.data().as_chunks::<8>().0.iter().map(|&c| i64::from_le_bytes(c) as f64).collect()
                }
                other => panic!("{other:?}"),
            };
            (name, (view.shape().to_vec(), numbers))
        });
        Self(numbers.collect())
    }

    fn values(&self, name: &str) -> &[f64] {
        &self.0[name].1
    }

    /// The real tokens of every row.
    fn tokens(&self) -> Vec<TokenIds> {
        let columns = self.0["input_ids"].0[1];
        let rows = |name: &str| self.values(name).chunks(columns).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let (ids, masks) = (rows("input_ids"), rows("attention_mask"));
        let types = if self.0.contains_key("token_type_ids") { rows("token_type_ids") } else { ids.clone() };
        let kept = |values: &[f64], mask: &[f64]| {
            values.iter().zip(mask).filter(|(_, mask)| **mask > 0.0).map(|(value, _)| *value as u32).collect()
        };
        let rows = ids.iter().zip(&types).zip(&masks);
        rows.map(|((ids, types), mask)| TokenIds { ids: kept(ids, mask), types: kept(types, mask) }).collect()
    }
}

fn network(family: &str) -> EncoderNetwork {
    let config = EncoderConfig::load(&folder(family)).unwrap();
    let (outputs, layers) = (config.outputs(), (0..config.layers).collect::<Vec<_>>());
    let checkpoint =
        PretrainedWeights { folder: &folder(family), config: &config, layers: &layers, head: true };
    let parameters = EncoderParameters::load(&checkpoint, &config, outputs, 0, Device::Cpu).unwrap();
    let mut still = config;
    still.dropout = lelp_model::checkpoint::Dropout { hidden: 0.0, attention: 0.0, classifier: 0.0 };
    EncoderNetwork::new(still, parameters, outputs)
}

fn close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() < 1e-4, "{what}, place {place}: {found} and {expected}");
    }
}

/// Gradient of the mean cross-entropy by the logits.
fn cross_entropy_gradient(
    logits: &[f32],
    labels: &[f64],
    rows: std::ops::Range<usize>,
    total: usize,
) -> Vec<f32> {
    let classes = logits.len() / rows.len();
    let mut gradients = Vec::new();
    for (logits, label) in logits.chunks(classes).zip(&labels[rows]) {
        let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        gradients.extend(logits.iter().enumerate().map(|(class, logit)| {
            let right = if class as f64 == *label { 1.0 } else { 0.0 };
            ((f64::from(*logit).exp() / sum - right) / total as f64) as f32
        }));
    }
    gradients
}

#[test]
fn every_family_answers_as_transformers() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        let tokens = golden.tokens();
        let computed =
            network(family).answer(&TokenBatch::new(&tokens.iter().collect::<Vec<_>>(), tokens.len()));
        close(&computed.outputs, golden.values("logits"), &format!("{family}: logits"));
        close(&computed.embedding, golden.values("embedding"), &format!("{family}: embedding"));
    }
}

#[test]
fn every_family_has_the_gradients_of_transformers_whole_and_in_parts() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        let (tokens, labels) = (golden.tokens(), golden.values("labels"));
        for together in [tokens.len(), 2] {
            let network = network(family);
            let batch = TokenBatch::new(&tokens.iter().collect::<Vec<_>>(), together);
            let dropout = DropoutKey { seed: 0, step: 0 };
            let gradients = network.gradients(&batch, dropout, &mut |rows, computed| {
                (cross_entropy_gradient(&computed.outputs, labels, rows, tokens.len()), Vec::new())
            });
            let mut checked = 0;
            for (place, (parameter, gradient)) in network.parameters.list().iter().zip(gradients).enumerate()
            {
                let name = format!("grad.{}", parameter.tensor.classifier_name);
                let mut found = to_vec(gradient.unwrap());
                if place == 0 {
                    found = spread(&found, &batch.unique, &parameter.tensor.shape);
                }
                close(&found, golden.values(&name), &format!("{family}, {together} together: {name}"));
                checked += 1;
            }
            let expected = golden.0.keys().filter(|name| name.starts_with("grad.")).count();
            assert_eq!(checked, expected, "{family}: every gradient was compared");
        }
    }
}

/// Rows of the token table's gradient, among zeros.
fn spread(rows: &[f32], unique: &[u32], shape: &[usize]) -> Vec<f32> {
    let width = shape[1];
    let mut all = vec![0.0; shape[0] * width];
    for (row, values) in unique.iter().zip(rows.chunks(width)) {
        all[*row as usize * width..][..width].copy_from_slice(values);
    }
    all
}

//! Frozen encoders with a head of ours, exported: the graph on padded batches gives what the folder gives.

#![allow(clippy::unwrap_used)] // a test may panic

mod golden;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use golden::{Graph, close, folder};
use lelp_data::Text;
use lelp_model::checkpoint::EncoderConfig;
use lelp_model::encoder::Pooling;
use lelp_model::encoder_classifier::{EncoderClassifier, FrozenEncoderConfig};
use lelp_model::export::{ExportFormat, export};
use lelp_model::head::ClassifierHead;
use lelp_model::layer::Layer;
use lelp_model::tokenizer::Tokenizer;
use lelp_model::{Predictor, Teacher};

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TEXTS: [&str; 4] = ["my card is lost", "", "why is the new pin not working, where is my money?", "a"];

fn layer(inputs: usize, outputs: usize) -> Layer {
    let value = |place: usize| ((place * 37 % 23) as f32 - 11.0) / 20.0;
    Layer::new(inputs, (0..inputs * outputs).map(value).collect(), (0..outputs).map(value).collect()).unwrap()
}

/// A teacher of 2 classes of `subclasses` each, on a golden encoder.
fn save(to: &Path, encoder: &str, pooling: Pooling, normalize: bool, hidden: bool, subclasses: usize) {
    let width = if hidden { 7 } else { 32 };
    let head = ClassifierHead::new(hidden.then(|| layer(32, 7)), layer(width, 2 * subclasses)).unwrap();
    let labels = vec!["no".to_owned(), "yes".to_owned()];
    let hash = FrozenEncoderConfig::hash_of(&folder(encoder), &head).unwrap();
    let mut config = FrozenEncoderConfig::new(labels, pooling, normalize, 16, hash);
    config.subclasses = NonZeroUsize::new(subclasses).unwrap();
    EncoderClassifier::save(to, &folder(encoder), &head, &config).unwrap();
}

/// Ids, mask and types of all texts, padded on the right.
fn padded(folder: &Path) -> Vec<(&'static str, Vec<Vec<i32>>)> {
    let config = EncoderConfig::load(folder).unwrap();
    let tokenizer = Tokenizer::load(folder, &config, 16).unwrap();
    let tokens = tokenizer.encode(&TEXTS.map(Text::from), ONE).unwrap();
    let longest = tokens.iter().map(|tokens| tokens.ids.len()).max().unwrap();
    let pad = |values: Vec<u32>, filler: u32| -> Vec<i32> {
        let padding = std::iter::repeat_n(filler, longest - values.len());
        values.iter().copied().chain(padding).map(|value| i32::try_from(value).unwrap()).collect()
    };
    let column = |of: &dyn Fn(&lelp_model::tokenizer::TokenIds) -> Vec<u32>, filler: u32| {
        tokens.iter().map(|tokens| pad(of(tokens), filler)).collect()
    };
    vec![
        ("input_ids", column(&|tokens| tokens.ids.clone(), config.padding)),
        ("attention_mask", column(&|tokens| vec![1; tokens.ids.len()], 0)),
        ("token_type_ids", column(&|tokens| tokens.types.clone(), 0)),
    ]
}

#[test]
fn every_pooling_head_and_collapse_is_in_the_graph() {
    let work = tempfile::tempdir().unwrap();
    for encoder in ["encoder_bert", "encoder_mpnet"] {
        for (pooling, normalize, hidden, subclasses) in [
            (Pooling::Mean, true, true, 1),
            (Pooling::Mean, false, false, 3),
            (Pooling::Cls, false, true, 2),
            (Pooling::Cls, true, false, 1),
            (Pooling::Max, false, true, 1),
            (Pooling::Max, true, true, 4),
        ] {
            let name = format!("{encoder}-{pooling:?}-{normalize}-{subclasses}");
            let (teacher, out) = (work.path().join(&name), work.path().join(format!("{name}.onnx")));
            save(&teacher, encoder, pooling, normalize, hidden, subclasses);
            let exported = export(&teacher, &out, ExportFormat::Onnx).unwrap();
            assert_eq!(exported.metadata["max_length"], "16");
            let expected = EncoderClassifier::load(&teacher, ONE)
                .unwrap()
                .logits_of_texts(&TEXTS.map(Text::from))
                .unwrap();
            assert_eq!(expected.len(), 2 * TEXTS.len());
            let inputs: Vec<_> = padded(&teacher)
                .into_iter()
                .filter(|(name, _)| exported.inputs.iter().any(|input| input == name))
                .collect();
            assert_eq!(inputs.len(), exported.inputs.len());
            let [logits, _] = Graph::read(&out).run(&inputs);
            close(&name, &logits, &expected);
        }
    }
}

/// Files of two teachers side by side are neither.
#[test]
fn a_head_that_teacher_json_does_not_tell_of_is_refused() {
    let (work, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    save(work.path(), "encoder_bert", Pooling::Mean, true, true, 1);
    save(other.path(), "encoder_bert", Pooling::Mean, true, false, 1);
    for (file, named) in [("head.safetensors", "another head"), ("model.safetensors", "other weights")] {
        let whole = fs::read(work.path().join(file)).unwrap();
        if file == "head.safetensors" {
            fs::copy(other.path().join(file), work.path().join(file)).unwrap();
        } else {
            let mut changed = whole.clone();
            *changed.last_mut().unwrap() ^= 1;
            fs::write(work.path().join(file), changed).unwrap();
        }
        let error = EncoderClassifier::load(work.path(), ONE).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        fs::write(work.path().join(file), whole).unwrap();
    }
    EncoderClassifier::load(work.path(), ONE).unwrap();
}

/// Folders written before there were subclasses have no such field.
#[test]
fn an_older_folder_still_loads() {
    let work = tempfile::tempdir().unwrap();
    save(work.path(), "encoder_bert", Pooling::Mean, true, true, 1);
    let own = fs::read_to_string(work.path().join("teacher.json")).unwrap();
    assert!(!own.contains("subclasses"), "{own}");
    let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
    assert!(own.contains(&teacher.hash().unwrap()), "{own}");
    assert_eq!(teacher.head().subclasses(), ONE);
}

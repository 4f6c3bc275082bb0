//! Broken and hostile classifier folders: each is refused with an error that names the file, both numbers and what to
//! do; and folders in another layout that load as the same classifier.

#![allow(clippy::unwrap_used)] // a test may panic

mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use golden::{Golden, WEIGHTS, copy, edit_config, folder, read_weights, write_weights};
use lelp::ErrorChain;
use lelp_model::checkpoint::EncoderConfig;
use lelp_model::encoder_classifier::{CLASSIFIER_FILE, EncoderClassifier};
use lelp_model::export::{ExportFormat, export};
use lelp_model::load_model;
use lelp_model::{Predictor, Teacher};
use serde_json::{Value, json};
use tempfile::TempDir;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const INDEX: &str = "model.safetensors.index.json";

/// Why the folder is no model, causes included.
fn refused(folder: &Path) -> String {
    let error = load_model(folder, ONE).map(|_| ()).unwrap_err();
    ErrorChain(&error).to_string()
}

#[track_caller]
fn says(folder: &Path, parts: &[&str]) {
    let text = refused(folder);
    assert!(parts.iter().all(|part| text.contains(part)), "`{text}` lacks one of {parts:?}");
}

fn with_config(family: &str, change: impl FnOnce(&mut Value)) -> TempDir {
    let work = copy(family);
    edit_config(work.path(), change);
    work
}

fn with_own(family: &str, own: &Value) -> TempDir {
    let work = copy(family);
    fs::write(work.path().join(CLASSIFIER_FILE), own.to_string()).unwrap();
    work
}

#[test]
fn what_is_no_sequence_classifier_is_told_what_it_is() {
    says(&folder("encoder_bert"), &["BertModel", "BertForSequenceClassification", "train a head on it"]);
    let other = with_config("bert", |config| config["architectures"] = json!(["BertForTokenClassification"]));
    says(other.path(), &["BertForTokenClassification"]);
    let unknown = with_config("bert", |config| config["model_type"] = json!("deberta-v2"));
    says(
        unknown.path(),
        &["config.json", "deberta-v2", "bert, roberta, xlm-roberta, camembert, distilbert, mpnet, albert"],
    );
    for (problem, family) in [("regression", "bert"), ("multi_label_classification", "bert")] {
        let work = with_config(family, |config| config["problem_type"] = json!(problem));
        says(work.path(), &[problem, "single_label_classification"]);
    }
    let odd = with_config("bert", |config| config["problem_type"] = json!("ranking"));
    says(odd.path(), &["problem_type `ranking`"]);
}

#[test]
fn a_folder_without_architectures_is_known_by_its_tensors() {
    let work = with_config("roberta", |config| drop(config.as_object_mut().unwrap().remove("architectures")));
    assert_eq!(EncoderClassifier::load(work.path(), ONE).unwrap().labels(), ["bad", "good"]);
}

#[test]
fn a_head_of_another_class_count_is_refused_with_both_numbers() {
    let more = with_config("bert", |config| config["id2label"] = json!({"0": "a", "1": "b"}));
    says(more.path(), &["classifier.weight", "[3, 16]", "[2, 16]"]);
    let gap = with_config("bert", |config| config["id2label"] = json!({"0": "a", "2": "b"}));
    says(gap.path(), &["2 entries", "output 1"]);
    let twice = with_config("roberta", |config| config["id2label"] = json!({"0": "a", "1": "a"}));
    says(twice.path(), &["label `a` names two classes"]);
    let many = with_config("roberta", |config| {
        config.as_object_mut().unwrap().remove("id2label");
        config["num_labels"] = json!(1_u64 << 40);
    });
    says(many.path(), &["num_labels is 1099511627776"]);
}

#[test]
fn an_unsound_lelp_json_is_refused() {
    let own =
        |labels: &[&str], subclasses: u64| json!({"format": 1, "labels": labels, "subclasses": subclasses});
    says(with_own("bert", &own(&["a", "b"], 1)).path(), &["2 label names", "3 classes"]);
    says(with_own("bert", &own(&["a", "b"], 2)).path(), &["3 outputs", "2 subclasses"]);
    says(with_own("bert", &own(&["a"], 3)).path(), &["1 class"]);
    says(with_own("bert", &own(&["a", "b", "c"], 0)).path(), &[CLASSIFIER_FILE]);
    says(
        with_own("bert", &json!({"format": 2, "labels": [], "subclasses": 1})).path(),
        &["format 2", "reads 1"],
    );
    let unknown = json!({"format": 1, "labels": ["a", "b", "c"], "subclasses": 1, "classes_each": 2});
    says(with_own("bert", &unknown).path(), &[CLASSIFIER_FILE, "classes_each"]);
}

#[test]
fn settings_that_no_graph_covers_are_refused_by_name() {
    let cases = [
        ("albert", "num_hidden_groups", json!(2)),
        ("albert", "inner_group_num", json!(2)),
        ("albert", "embedding_size", json!(0)),
        ("mpnet", "relative_attention_num_buckets", json!(64)),
        ("bert", "hidden_dropout_prob", json!(1.0)),
        ("bert", "num_hidden_layers", json!(100_000)),
        ("roberta", "max_position_embeddings", json!(2)),
        ("distilbert", "dim", json!(null)),
    ];
    for (family, field, value) in cases {
        let work = with_config(family, |config| config[field] = value);
        let error = refused(work.path());
        assert!(error.contains("config.json"), "{family} {field}: {error}");
        assert!(
            error.contains(field) || field == "dim" || field.contains("layers"),
            "{family} {field}: {error}"
        );
    }
}

#[test]
fn a_missing_tensor_of_the_head_and_a_wrong_shape_are_named() {
    for (family, tensor) in [
        ("bert", "bert.pooler.dense.weight"),
        ("roberta", "classifier.dense.bias"),
        ("distilbert", "pre_classifier.weight"),
        ("albert", "albert.pooler.bias"),
    ] {
        let work = copy(family);
        let mut tensors = read_weights(work.path());
        let mut removed = tensors.remove(tensor).unwrap();
        write_weights(&work.path().join(WEIGHTS), &tensors);
        let bare = tensor.strip_prefix(&format!("{family}.")).unwrap_or(tensor);
        says(work.path(), &[WEIGHTS, &format!("`{bare}` is missing")]);

        removed.shape.insert(0, 1);
        tensors.insert(tensor.to_owned(), removed);
        write_weights(&work.path().join(WEIGHTS), &tensors);
        says(work.path(), &[WEIGHTS, bare, "[1, 16"]);
    }
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let work = copy("mpnet");
    let mut tensors = read_weights(work.path());
    tensors.get_mut("classifier.out_proj.weight").unwrap().values[3] = f32::NAN;
    write_weights(&work.path().join(WEIGHTS), &tensors);
    says(work.path(), &[WEIGHTS, "weight 3", "not finite"]);
}

/// The tensors of a golden in two files, and their index.
fn sharded(family: &str) -> TempDir {
    let work = copy(family);
    let tensors = read_weights(work.path());
    fs::remove_file(work.path().join(WEIGHTS)).unwrap();
    let mut places = BTreeMap::new();
    for (number, shard) in ["a.safetensors", "b.safetensors"].into_iter().enumerate() {
        let part = tensors.iter().enumerate().filter(|(place, _)| place % 2 == number);
        let part: golden::Tensors = part.map(|(_, (name, tensor))| (name.clone(), tensor.clone())).collect();
        places.extend(part.keys().map(|name| (name.clone(), json!(shard))));
        write_weights(&work.path().join(shard), &part);
    }
    write_index(work.path(), &places);
    work
}

fn write_index(folder: &Path, places: &BTreeMap<String, Value>) {
    let index = json!({"metadata": {"total_size": 1}, "weight_map": places});
    fs::write(folder.join(INDEX), index.to_string()).unwrap();
}

fn edit_index(folder: &Path, change: impl FnOnce(&mut Value)) {
    let mut index = serde_json::from_slice(&fs::read(folder.join(INDEX)).unwrap()).unwrap();
    change(&mut index);
    fs::write(folder.join(INDEX), index.to_string()).unwrap();
}

#[test]
fn a_checkpoint_in_two_files_is_the_same_classifier() {
    let golden = Golden::read("albert");
    let whole = EncoderClassifier::load(&folder("albert"), ONE).unwrap();
    let work = sharded("albert");
    let parts = EncoderClassifier::load(work.path(), ONE).unwrap();
    assert_eq!(
        parts.logits_of_texts(&golden.texts()).unwrap(),
        whole.logits_of_texts(&golden.texts()).unwrap()
    );
    assert_ne!(parts.hash().unwrap(), whole.hash().unwrap());
}

#[test]
fn an_index_that_does_not_fit_its_files_is_refused() {
    let work = sharded("bert");
    fs::remove_file(work.path().join("b.safetensors")).unwrap();
    says(work.path(), &[INDEX, "`b.safetensors`, which is not there"]);

    for outside in ["../a.safetensors", "/etc/passwd", "x/a.safetensors", "..", "", "c:a"] {
        let work = sharded("bert");
        edit_index(work.path(), |index| index["weight_map"]["classifier.weight"] = json!(outside));
        says(work.path(), &[INDEX, "classifier.weight", outside, "only files beside the index"]);
    }

    let work = sharded("bert");
    edit_index(work.path(), |index| {
        for (_, shard) in index["weight_map"].as_object_mut().unwrap() {
            *shard = json!(if *shard == "a.safetensors" { "b.safetensors" } else { "a.safetensors" });
        }
    });
    says(work.path(), &["lacks tensor", "which the index places there"]);

    let work = sharded("bert");
    let bytes = fs::read(work.path().join("b.safetensors")).unwrap();
    fs::write(work.path().join("b.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
    says(work.path(), &["b.safetensors", "not a complete safetensors file"]);

    let work = sharded("bert");
    fs::write(work.path().join(INDEX), "{\"weight_map\": 3}").unwrap();
    says(work.path(), &[INDEX, "not the index"]);
}

/// `vocab.txt` and its settings instead of `tokenizer.json`.
fn with_vocabulary(family: &str, settings: &Value) -> TempDir {
    let work = copy(family);
    let path = work.path().join("tokenizer.json");
    let tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut lines =
        vec!["[unused]"; 1 + vocabulary.values().filter_map(Value::as_u64).max().unwrap() as usize];
    for (piece, id) in vocabulary {
        lines[id.as_u64().unwrap() as usize] = piece;
    }
    fs::remove_file(path).unwrap();
    fs::write(work.path().join("vocab.txt"), lines.join("\n")).unwrap();
    fs::write(work.path().join("tokenizer_config.json"), settings.to_string()).unwrap();
    work
}

#[test]
fn word_pieces_alone_are_a_tokenizer_for_their_families() {
    for family in ["bert", "distilbert", "mpnet"] {
        let golden = Golden::read(family);
        let whole =
            EncoderClassifier::load(&folder(family), ONE).unwrap().logits_of_texts(&golden.texts()).unwrap();
        let work =
            with_vocabulary(family, &json!({"do_lower_case": true, "unk_token": {"content": "[UNK]"}}));
        assert_eq!(
            EncoderClassifier::load(work.path(), ONE).unwrap().logits_of_texts(&golden.texts()).unwrap(),
            whole,
            "{family}"
        );
        // "My" in capitals is known only where text is lowered.
        let upper = ["MY CARD".into()];
        let lowered = EncoderClassifier::load(work.path(), ONE).unwrap().logits_of_texts(&upper).unwrap();
        let work = with_vocabulary(family, &json!({"do_lower_case": false}));
        assert_ne!(
            EncoderClassifier::load(work.path(), ONE).unwrap().logits_of_texts(&upper).unwrap(),
            lowered,
            "{family}"
        );
    }
}

#[test]
fn word_pieces_that_cannot_serve_are_refused() {
    let odd = with_vocabulary("bert", &json!({"cls_token": "<cls>"}));
    says(odd.path(), &["vocab.txt", "no token `<cls>`"]);
    let broken = with_vocabulary("bert", &json!({}));
    fs::write(broken.path().join("tokenizer_config.json"), "{").unwrap();
    says(broken.path(), &["tokenizer_config.json"]);
    let albert = copy("albert");
    fs::rename(albert.path().join("tokenizer.json"), albert.path().join("vocab.txt")).unwrap();
    says(albert.path(), &["vocab.txt", "`albert`", "tokenizer.json"]);
}

#[test]
fn a_text_never_runs_beyond_the_position_table() {
    for family in golden::FAMILIES {
        let own = json!({"format": 1, "labels": ["a", "b"], "subclasses": 1, "max_length": 1_000_000});
        let labels = EncoderConfig::load(&folder(family)).unwrap().outputs();
        let own = if labels == 2 {
            own
        } else {
            json!({"format": 1, "labels": ["a", "b", "c"], "subclasses": 1, "max_length": 1_000_000})
        };
        let work = with_own(family, &own);
        let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
        assert_eq!(teacher.encoder().max_length(), 24, "{family}");
        let long = "my card is lost ".repeat(100);
        assert!(
            teacher.logits_of_texts(&[long.as_str().into()]).unwrap().iter().all(|logit| logit.is_finite())
        );
    }
}

#[test]
fn an_export_leaves_nothing_behind_where_it_fails() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("model.onnx");
    let nowhere = export(Path::new("no/such/folder"), &out, ExportFormat::Onnx);
    assert!(nowhere.is_err());
    fs::write(work.path().join("config.json"), r#"{"model": "ngram"}"#).unwrap();
    let error = export(work.path(), &out, ExportFormat::Onnx).unwrap_err();
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    let error = export(&folder("encoder_bert"), &out, ExportFormat::Onnx).unwrap_err();
    assert!(error.to_string().contains("train a head on it"), "{error}");
    assert!(!out.exists());
}

//! Sequence classifiers of every family against `transformers`, on the small checkpoints of
//! `goldens/make_classifier_goldens.py`: as loaded from the folder, and as exported.

#![allow(clippy::unwrap_used)] // a test may panic

mod golden;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use golden::{FAMILIES, Golden, Graph, Tensor, close, folder};
use lelp_model::Predictor;
use lelp_model::checkpoint::{EncoderConfig, Weights};
use lelp_model::encoder_classifier::{CLASSIFIER_FILE, EncoderClassifier, SequenceClassifierConfig};
use lelp_model::export::{ExportFormat, export};
use lelp_model::load_model;
use lelp_model::tokenizer::Tokenizer;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

#[test]
fn tokens_are_those_of_the_folders_tokenizer() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        let config = EncoderConfig::load(&folder(family)).unwrap();
        let tokenizer = Tokenizer::load(&folder(family), &config, usize::MAX).unwrap();
        let (ids, mask) = (golden.integers("input_ids"), golden.integers("attention_mask"));
        for (row, tokens) in tokenizer.encode(&golden.texts(), ONE).unwrap().iter().enumerate() {
            let kept = ids.row(row).iter().zip(mask.row(row)).filter(|&(_, &present)| present == 1);
            let expected: Vec<i64> = kept.map(|(&id, _)| id).collect();
            let found: Vec<i64> = tokens.ids.iter().map(|&id| i64::from(id)).collect();
            assert_eq!(found, expected, "{family} row {row}");
            assert!(tokens.ids.len() <= config.longest());
        }
    }
}

#[test]
fn logits_and_embeddings_are_those_of_transformers() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        let teacher = EncoderClassifier::load(&folder(family), ONE).unwrap();
        let signals =
            teacher.signals_of_texts(&golden.texts(), &mut |_| {}, &AtomicBool::new(false)).unwrap();
        close(family, &signals.logits, &golden.floats("logits").values);
        close(family, &signals.embeddings, &golden.floats("embedding").values);
        let model = load_model(&folder(family), ONE).unwrap();
        assert_eq!(model.logits_of_texts(&golden.texts()).unwrap(), signals.logits);
        assert_eq!(model.labels().len(), golden.floats("logits").shape[1]);
    }
}

/// The exported graph in our own engine, on the golden's padded batch. ONNX Runtime: `benches/onnx_parity.py`.
#[test]
fn the_exported_graph_answers_a_padded_batch_as_transformers() {
    let work = tempfile::tempdir().unwrap();
    for family in FAMILIES {
        let golden = Golden::read(family);
        let out = work.path().join(format!("{family}.onnx"));
        let exported = export(&folder(family), &out, ExportFormat::Onnx).unwrap();
        assert_eq!(exported.files, std::slice::from_ref(&out));
        let [logits, embedding] = run(&out, &golden, &exported.inputs);
        close(family, &logits, &golden.floats("logits").values);
        close(family, &embedding, &golden.floats("embedding").values);
        // One text with no padding at all: sizes are free.
        let golden = golden.first_row_alone();
        let [logits, _] = run(&out, &golden, &exported.inputs);
        close(family, &logits, &golden.floats("logits").values);
    }
}

/// Logits and embedding that a graph gives for a golden's inputs.
fn run(path: &Path, golden: &Golden, inputs: &[String]) -> [Vec<f32>; 2] {
    let column = |name| {
        let Tensor { shape, values } = golden.integers(name);
        let row = |row: &[i64]| row.iter().map(|&value| i32::try_from(value).unwrap()).collect();
        (name, values.chunks(shape[1]).map(row).collect::<Vec<Vec<i32>>>())
    };
    Graph::read(path).run(&inputs.iter().map(|name| column(name.as_str())).collect::<Vec<_>>())
}

/// The first two outputs as subclasses of one class, and so on: `log sum exp` of `transformers`' own logits.
#[test]
fn subclasses_collapse_here_and_in_the_exported_graph() {
    let family = "roberta"; // two outputs: one class alone is none, so the head is doubled
    let golden = Golden::read(family);
    let work = golden::copy(family);
    golden::double_head(work.path(), "classifier.out_proj");
    let labels = vec!["no".to_owned(), "yes".to_owned()];
    let two = NonZeroUsize::new(2).unwrap();
    let own = SequenceClassifierConfig::new(labels.clone(), two, NonZeroUsize::new(24));
    fs::write(work.path().join(CLASSIFIER_FILE), own.to_bytes()).unwrap();

    let expected: Vec<f32> = golden
        .floats("logits")
        .values
        .chunks(2)
        .flat_map(|row| {
            let both = (row[0].exp() + row[1].exp()).ln();
            // The second pair is the first, 1000 higher: exp alone would overflow.
            [both, both + 1000.0]
        })
        .collect();
    let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
    assert_eq!(teacher.labels(), labels);
    close(family, &teacher.logits_of_texts(&golden.texts()).unwrap(), &expected);
    let out = work.path().join("model.onnx");
    let exported = export(work.path(), &out, ExportFormat::Onnx).unwrap();
    assert_eq!((&exported.labels, exported.metadata["max_length"].as_str()), (&labels, "24"));
    let [logits, embedding] = run(&out, &golden, &exported.inputs);
    close(family, &logits, &expected);
    close(family, &embedding, &golden.floats("embedding").values);
}

#[test]
fn one_logit_is_read_as_a_second_beside_zero() {
    let golden = Golden::read("distilbert");
    let work = golden::copy("distilbert");
    golden::keep_second_output(work.path(), "classifier");
    golden::edit_config(work.path(), |config| config["id2label"] = serde_json::json!({"0": "LABEL_0"}));
    let teacher = EncoderClassifier::load(work.path(), ONE).unwrap();
    assert_eq!(teacher.labels(), ["0", "1"]);
    let expected: Vec<f32> = golden.floats("logits").values.chunks(2).flat_map(|row| [0.0, row[1]]).collect();
    close("distilbert", &teacher.logits_of_texts(&golden.texts()).unwrap(), &expected);

    golden::edit_config(work.path(), |config| config["id2label"] = serde_json::json!({"0": "spam"}));
    assert_eq!(EncoderClassifier::load(work.path(), ONE).unwrap().labels(), ["not spam", "spam"]);
}

/// Every tensor that the description names is in the file, and no other is.
#[test]
fn the_description_names_every_tensor_with_its_shape() {
    for family in FAMILIES {
        let config = EncoderConfig::load(&folder(family)).unwrap();
        let weights = Weights::open(&folder(family), &config).unwrap();
        let modules = config.modules().into_iter().chain(config.head_modules(config.outputs()));
        let tensors: Vec<_> = modules.flat_map(|module| module.tensors().collect::<Vec<_>>()).collect();
        for tensor in &tensors {
            weights.read(tensor).unwrap();
        }
        let mut described: Vec<String> = tensors.into_iter().map(|tensor| tensor.classifier_name).collect();
        described.sort_unstable();
        let bytes = fs::read(folder(family).join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut stored: Vec<&str> = file.names();
        stored.sort_unstable();
        assert_eq!(described, stored, "{family}");
    }
}

#[test]
fn a_config_that_is_written_reads_back_as_it_was() {
    for family in FAMILIES {
        let config = EncoderConfig::load(&folder(family)).unwrap();
        assert!(config.is_classifier(), "{family}");
        assert_eq!(EncoderConfig::parse(&config.to_bytes()).unwrap(), config, "{family}");
    }
}

/// What is written for `transformers` answers as the golden does; that `transformers` says the same: `benches/export_parity.py`.
#[test]
fn a_folder_for_transformers_answers_as_the_classifier_and_holds_its_temperature() {
    let work = tempfile::tempdir().unwrap();
    for family in FAMILIES {
        let (golden, from) = (Golden::read(family), golden::copy(family));
        let figures =
            r#"{"negative_log_likelihood": 1.0, "expected_calibration_error": 0.1, "accuracy": 0.5}"#;
        let calibration =
            format!(r#"{{"temperature": 2.0, "rows": 9, "before": {figures}, "after": {figures}}}"#);
        fs::write(from.path().join("calibration.json"), calibration).unwrap();
        let out = work.path().join(family);
        let exported = export(from.path(), &out, ExportFormat::Transformers).unwrap();
        assert_eq!(
            (exported.files.as_slice(), out.join("calibration.json").exists()),
            (&[out.clone()][..], false)
        );
        let halves: Vec<f32> = golden.floats("logits").values.iter().map(|logit| logit / 2.0).collect();
        let answers = load_model(&out, ONE).unwrap().logits_of_texts(&golden.texts()).unwrap();
        close(family, &answers, &halves);
    }
}

/// `lelp.transformers` reads it: `test_transformers.py`.
#[test]
fn a_folder_for_transformers_with_subclasses_is_that_of_our_own_class() {
    let work = golden::copy("roberta");
    golden::double_head(work.path(), "classifier.out_proj");
    let labels = vec!["no".to_owned(), "yes".to_owned()];
    let own = SequenceClassifierConfig::new(labels, NonZeroUsize::new(2).unwrap(), NonZeroUsize::new(24));
    fs::write(work.path().join(CLASSIFIER_FILE), own.to_bytes()).unwrap();
    let out = work.path().join("out");
    export(work.path(), &out, ExportFormat::Transformers).unwrap();
    let config: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("config.json")).unwrap()).unwrap();
    assert_eq!((&config["model_type"], &config["subclasses"]), (&"lelp-subclass".into(), &2.into()));
    assert_eq!(
        (&config["inner"]["model_type"], &config["id2label"]["1"]),
        (&"roberta".into(), &"yes".into())
    );
    let tokenizer: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("tokenizer_config.json")).unwrap()).unwrap();
    assert!(tokenizer["pad_token"].is_string(), "{tokenizer}");
    assert_eq!(tokenizer["model_input_names"], serde_json::json!(["input_ids", "attention_mask"]));
    let (own, written) = (golden::read_weights(work.path()), golden::read_weights(&out));
    for (name, tensor) in &written {
        assert_eq!(tensor.values, own[name.strip_prefix("inner.").unwrap()].values, "{name}");
    }
    assert_eq!(written["inner.classifier.out_proj.weight"].shape[0], 4);
}

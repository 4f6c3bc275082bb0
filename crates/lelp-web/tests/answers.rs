//! What a page gets of a student is what the student answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use lelp_data::Text;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::ngram::{FeatureTable, NgramConfig, NgramModel, TablePrecision};
use lelp_model::static_embeddings::{
    PieceVocabulary, StaticConfig, StaticEmbeddings, StaticModel, StaticStudent,
};
use lelp_web::{Classifier, border};

const TEXTS: [Text<'static>; 4] = [
    Text { text: "", pair: None },
    Text { text: "My card hasn't arrived \u{1f600}", pair: None },
    Text { text: "na\u{ef}ve", pair: Some("\u{4f60}\u{597d} card") },
    Text { text: "card", pair: Some("card") },
];

fn labels() -> Vec<String> {
    ["no", "yes", "\u{e9} \"or\" not"].map(str::to_owned).to_vec()
}

fn student() -> NgramModel {
    let values = |count: usize| -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 400.0).collect()
    };
    let mut config = NgramConfig::new(labels(), 2);
    (config.features.buckets, config.width, config.hidden) = (1 << 8, 9, None);
    let table = FeatureTable::new(1 << 8, 9, values(9 << 8)).unwrap();
    let layers = OutputLayers { hidden: None, output: Layer::new(9, values(54), values(6)).unwrap() };
    NgramModel::new(config, table, None, layers).unwrap()
}

fn calibration() -> String {
    let figures = r#"{"negative_log_likelihood": 1.0, "expected_calibration_error": 0.1, "accuracy": 0.5}"#;
    format!(r#"{{"temperature": 1.7, "rows": 9, "before": {figures}, "after": {figures}}}"#)
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} is not {expected:?}");
}

fn probabilities(folder: &Path, text: Text<'_>) -> Vec<f32> {
    lelp::softmax(&lelp_model::load(folder).unwrap().logits_of_texts(&[text]).unwrap(), 3).unwrap()
}

#[test]
fn bytes_of_a_folder_answer_as_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let kept: Vec<u32> = (0..1 << 8).step_by(3).collect();
    let pruned = student().pruned(&kept, &[0.3; 9], TablePrecision::PrunedInt4).unwrap();
    for (model, calibrated) in [(student(), false), (student().quantized(), true), (pruned, true)] {
        model.save(folder.path()).unwrap();
        if calibrated {
            fs::write(folder.path().join("calibration.json"), calibration()).unwrap();
        }
        let calibration = calibrated.then(|| file("calibration.json"));
        let (config, weights) = (file("config.json"), file("model.safetensors"));
        let mut classifier = Classifier::from_bytes(&config, weights, calibration.as_deref()).unwrap();
        assert_eq!(classifier.labels(), labels());
        for text in TEXTS {
            close(classifier.probabilities(&text), &probabilities(folder.path(), text));
        }
    }
}

#[test]
fn bytes_of_a_static_student_answer_as_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = PieceVocabulary::from_bytes(b"my\ncard\n##s\nhas\n").unwrap();
    let table = FeatureTable::new(4, 3, (0..12).map(|i| (i as f32).sin()).collect()).unwrap();
    let embeddings = StaticEmbeddings::new(vocabulary, table).unwrap();
    let output = Layer::new(3, (0..18).map(|i| (i as f32).cos()).collect(), vec![0.1; 6]).unwrap();
    let config = StaticConfig {
        labels: labels(),
        subclasses: 2,
        width: 3,
        hidden: None,
        table: TablePrecision::F32,
        max_tokens: 100,
    };
    let student = StaticStudent::new(config, embeddings, OutputLayers { hidden: None, output }).unwrap();
    let whole = StaticModel::from(student);
    for model in [whole.quantized(), whole] {
        model.save(folder.path()).unwrap();
        let (config, weights) = (model.config_bytes(), model.weight_bytes());
        let mut classifier = Classifier::from_bytes(&config, weights.clone(), None).unwrap();
        assert_eq!(classifier.labels(), labels());
        for text in TEXTS {
            close(classifier.probabilities(&text), &probabilities(folder.path(), text));
        }
        let cut = Classifier::from_bytes(&config, weights[..weights.len() / 2].to_vec(), None).unwrap_err();
        assert!(cut.to_string().contains("safetensors"), "{cut}");
    }
}

#[test]
fn bytes_that_are_no_student_are_refused() {
    let (config, weights) = (student().config_bytes(), student().weight_bytes());
    let error = |config: &[u8], weights: &[u8], calibration: Option<&[u8]>| {
        Classifier::from_bytes(config, weights.to_vec(), calibration).unwrap_err().to_string()
    };
    assert!(error(b"{}", &weights, None).contains("configuration"));
    assert!(error(&config, &weights[..weights.len() / 2], None).contains("safetensors"));
    assert!(error(&config, b"", None).contains("safetensors"));
    for wrong in ["", "{}", r#"{"temperature": 0.0}"#, r#"{"temperature": "1"}"#] {
        assert!(error(&config, &weights, Some(wrong.as_bytes())).contains("calibration.json"));
    }
}

/// As `page/lelp.js` does it; that it does: `scripts/student_in_browser.py`.
#[test]
fn the_border_takes_files_and_texts_and_gives_probabilities() {
    let write = |bytes: &[u8]| {
        let start = border::buffer(bytes.len());
        // SAFETY: the buffer is as long as asked, and nothing else uses it now.
        #[allow(unsafe_code, reason = "a page writes into memory too")]
        unsafe { std::slice::from_raw_parts_mut(start, bytes.len()) }.copy_from_slice(bytes);
    };
    let read = || {
        let length = border::length();
        let start = border::buffer(length);
        // SAFETY: as above.
        #[allow(unsafe_code, reason = "a page reads from memory too")]
        unsafe { std::slice::from_raw_parts(start, length) }.to_vec()
    };
    write(b"no student yet");
    assert_eq!(border::answer(14), 0);
    write(b"{}");
    border::take_config();
    write(b"");
    assert!(border::take_weights() > 0 && String::from_utf8(read()).unwrap().contains("configuration"));

    let folder = tempfile::tempdir().unwrap();
    student().save(folder.path()).unwrap();
    fs::write(folder.path().join("calibration.json"), calibration()).unwrap();
    write(&student().config_bytes());
    border::take_config();
    write(calibration().as_bytes());
    border::take_calibration();
    write(&student().weight_bytes());
    assert_eq!(border::take_weights(), 0);
    assert_eq!(serde_json::from_slice::<Vec<String>>(&read()).unwrap(), labels());
    for text in TEXTS {
        write(format!("{}{}", text.text, text.pair.unwrap_or_default()).as_bytes());
        assert_eq!(border::answer(text.text.len()), 3);
        let found: Vec<f32> =
            read().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        close(&found, &probabilities(folder.path(), text));
    }
    write(b"\xff");
    assert_eq!(border::answer(1), 0);
}

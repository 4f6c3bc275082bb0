//! Models on disk: whole ones come back as they were, broken ones are refused by name.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use lelp_data::Text;
use lelp_model::Predictor;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::ngram::{
    FeatureTable, NgramBytesError, NgramConfig, NgramConfigError, NgramFileError, NgramModel,
    NgramModelError, TablePrecision,
};
use tempfile::TempDir;

const WEIGHTS: &str = "model.safetensors";

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 400.0).collect()
}

fn model(hidden: usize) -> NgramModel {
    let mut config = NgramConfig::new(vec!["not a card".to_owned(), "a card".to_owned()], 2);
    config.features.buckets = 64;
    (config.width, config.hidden) = (5, NonZeroUsize::new(hidden));
    let table = FeatureTable::new(64, 5, values(320)).unwrap();
    let layer = (hidden > 0).then(|| Layer::new(5, values(5 * hidden), values(hidden)).unwrap());
    let inputs = config.last_inputs();
    let output = Layer::new(inputs, values(4 * inputs), values(4)).unwrap();
    NgramModel::new(config, table, None, OutputLayers { hidden: layer, output }).unwrap()
}

/// The model with every third row of its table.
fn pruned(hidden: usize) -> [NgramModel; 2] {
    let kept: Vec<u32> = (0..64).step_by(3).collect();
    let others = vec![0.25; model(hidden).table().width()];
    [TablePrecision::PrunedInt8, TablePrecision::PrunedInt4]
        .map(|precision| model(hidden).pruned(&kept, &others, precision).unwrap())
}

fn saved() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    model(3).save(folder.path()).unwrap();
    folder
}

fn refused(folder: &Path) -> NgramFileError {
    NgramModel::load(folder).expect_err("a broken model must be refused")
}

fn change_config(folder: &Path, from: &str, to: &str) {
    let path = folder.join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn a_saved_model_answers_as_before() {
    let texts: Vec<Text<'_>> =
        vec!["Where is my card?".into(), "".into(), Text { text: "a b", pair: Some("b c") }];
    for hidden in [0, 3] {
        for model in [model(hidden), model(hidden).quantized()].into_iter().chain(pruned(hidden)) {
            let folder = tempfile::tempdir().unwrap();
            model.save(folder.path()).unwrap();
            let loaded = NgramModel::load(folder.path()).unwrap();
            assert_eq!(loaded.config(), model.config());
            assert_eq!(loaded.labels(), ["not a card", "a card"]);
            assert_eq!(loaded.logits_of_texts(&texts).unwrap(), model.logits_of_texts(&texts).unwrap());
        }
    }
}

#[test]
fn a_model_may_be_saved_over_itself() {
    let folder = saved();
    let loaded = NgramModel::load(folder.path()).unwrap();
    loaded.quantized().save(folder.path()).unwrap();
    assert_eq!(
        loaded.logits_of_texts(&["a card".into()]).unwrap(),
        model(3).logits_of_texts(&["a card".into()]).unwrap()
    );
    assert!(NgramModel::load(folder.path()).unwrap().table().buckets() == 64);
}

#[test]
fn a_pruned_table_that_contradicts_itself_is_refused() {
    for model in pruned(3) {
        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        let path = folder.path().join(WEIGHTS);
        let whole = fs::read(&path).unwrap();
        // The buckets of `kept`, 0, 3, 6 and so on: a row more, and a row less, than there are codes and scales.
        let kept = [0b0100_1001_u8, 0b1001_0010];
        let place = whole.windows(2).position(|bytes| bytes == kept).unwrap();
        for byte in [0b0100_1011, 0b0100_1000] {
            let mut bytes = whole.clone();
            bytes[place] = byte;
            fs::write(&path, bytes).unwrap();
            assert!(matches!(
                refused(folder.path()),
                NgramFileError::Unsound { source: NgramBytesError::Table(_), .. }
            ));
        }
        fs::write(&path, &whole).unwrap();
        change_config(folder.path(), "\"buckets\": 64", "\"buckets\": 128");
        assert!(matches!(
            refused(folder.path()),
            NgramFileError::Unsound { source: NgramBytesError::Table(_), .. }
        ));
    }
}

#[test]
fn a_missing_folder_is_named() {
    let error = refused(Path::new("no/such/model"));
    assert!(error.to_string().contains("no/such/model"), "{error}");
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let folder = saved();
    let path = folder.path().join(WEIGHTS);
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(41).chain([7, 8, 9, whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused(folder.path());
        assert!(
            matches!(error, NgramFileError::Unsound { source: NgramBytesError::Safetensors(_), .. }),
            "{length}: {error:?}"
        );
        assert!(error.to_string().contains(WEIGHTS));
    }
}

#[test]
fn a_header_that_claims_2_to_the_60_bytes_is_refused() {
    let folder = saved();
    let path = folder.path().join(WEIGHTS);
    let mut bytes = fs::read(&path).unwrap();
    bytes[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    fs::write(&path, bytes).unwrap();
    assert!(matches!(
        refused(folder.path()),
        NgramFileError::Unsound { source: NgramBytesError::Safetensors(_), .. }
    ));
}

#[test]
fn sizes_that_differ_from_the_weights_are_refused() {
    for (from, to) in [
        ("\"buckets\": 64", "\"buckets\": 128"),
        ("\"width\": 5", "\"width\": 6"),
        ("\"hidden\": 3", "\"hidden\": 4"),
    ] {
        let folder = saved();
        change_config(folder.path(), from, to);
        assert!(
            matches!(
                refused(folder.path()),
                NgramFileError::Unsound { source: NgramBytesError::Model(_), .. }
            ),
            "{to}"
        );
    }
    let folder = saved();
    change_config(folder.path(), "\"table\": \"f32\"", "\"table\": \"int8\"");
    assert!(matches!(
        refused(folder.path()),
        NgramFileError::Unsound { source: NgramBytesError::Tensor { .. }, .. }
    ));
}

#[test]
fn settings_out_of_range_are_refused_before_anything_is_allocated() {
    for (from, to) in [
        ("\"buckets\": 64", "\"buckets\": 1152921504606846976"),
        ("\"buckets\": 64", "\"buckets\": 63"),
        ("\"max_tokens\": 1024", "\"max_tokens\": 0"),
        ("\"subclasses\": 2", "\"subclasses\": 1152921504606846976"),
        ("\"hidden\": 3", "\"hidden\": 99999999"),
        ("\"a card\"", "\"not a card\""),
    ] {
        let folder = saved();
        change_config(folder.path(), from, to);
        let error = refused(folder.path());
        assert!(
            matches!(
                error,
                NgramFileError::Unsound { source: NgramBytesError::Model(NgramModelError::Config(_)), .. }
            ),
            "{to}: {error:?}"
        );
    }
    let one = NgramConfig::new(vec!["only".to_owned()], 1);
    assert_eq!(one.check(), Err(NgramConfigError::TooFewLabels { labels: 1 }));
}

#[test]
fn a_configuration_of_another_kind_is_refused() {
    for text in ["", "{}", "[1]", "{\"model\":\"encoder\"}", "\u{fffd}"] {
        let folder = saved();
        fs::write(folder.path().join("config.json"), text).unwrap();
        assert!(refused(folder.path()).to_string().contains("config.json"));
    }
    let folder = saved();
    change_config(folder.path(), "\"width\": 5", "\"width\": 5, \"wdith\": 5");
    assert!(matches!(
        refused(folder.path()),
        NgramFileError::Unsound { source: NgramBytesError::Config(_), .. }
    ));
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let folder = saved();
    let path = folder.path().join(WEIGHTS);
    let mut bytes = fs::read(&path).unwrap();
    // The first tensor is a bias: safetensors sorts by name within a type.
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + header..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        refused(folder.path()),
        NgramFileError::Unsound { source: NgramBytesError::Layer { layer: "hidden", .. }, .. }
    ));
}

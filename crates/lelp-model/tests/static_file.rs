//! Models with static embeddings on disk: whole ones come back as they were, broken ones are refused by name.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::fs;
use std::num::NonZeroUsize;

use lelp_data::Text;
use lelp_model::Predictor;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::load_model;
use lelp_model::ngram::{FeatureTable, NgramConfig, NgramModel, TablePrecision};
use lelp_model::static_embeddings::{
    PieceVocabulary, StaticConfig, StaticEmbeddings, StaticModel, StaticStudent,
};

const PIECES: &str = "where\nis\nmy\ncard\n##s\n?\ncafe\n";

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 % 1009) as f32 - 500.0) / 400.0).collect()
}

fn labels() -> Vec<String> {
    vec!["no".to_owned(), "yes".to_owned()]
}

fn embeddings(width: usize) -> StaticEmbeddings {
    let vocabulary = PieceVocabulary::from_bytes(PIECES.as_bytes()).unwrap();
    let table = FeatureTable::new(vocabulary.len(), width, values(vocabulary.len() * width)).unwrap();
    StaticEmbeddings::new(vocabulary, table).unwrap()
}

fn layers(inputs: usize, hidden: usize) -> OutputLayers {
    let layer =
        |inputs: usize, outputs| Layer::new(inputs, values(inputs * outputs), values(outputs)).unwrap();
    let last = if hidden > 0 { hidden } else { inputs };
    OutputLayers { hidden: (hidden > 0).then(|| layer(inputs, hidden)), output: layer(last, 4) }
}

fn static_model(hidden: usize) -> StaticModel {
    let (width, max_tokens) = (5, 100);
    let hidden_units = NonZeroUsize::new(hidden);
    let table = TablePrecision::F32;
    let config =
        StaticConfig { labels: labels(), subclasses: 2, width, hidden: hidden_units, table, max_tokens };
    StaticStudent::new(config, embeddings(width), layers(width, hidden)).unwrap().into()
}

fn ngram_model(hidden: usize) -> NgramModel {
    let mut config = NgramConfig::new(labels(), 2);
    config.features.buckets = 64;
    (config.width, config.hidden, config.static_width) = (3, NonZeroUsize::new(hidden), NonZeroUsize::new(5));
    let table = FeatureTable::new(64, 3, values(192)).unwrap();
    NgramModel::new(config, table, Some(embeddings(5)), layers(8, hidden)).unwrap()
}

fn texts() -> Vec<Text<'static>> {
    let pair = Text { text: "where", pair: Some("is my card") };
    vec!["Where is my card?".into(), "".into(), "caf\u{e9} CARDS".into(), "xyz".into(), pair]
}

/// Each value is a number, and the sum of two of them is none.
#[test]
fn vectors_that_cannot_be_added_give_an_error_and_no_answer() {
    let (vocabulary, width) = (PieceVocabulary::from_bytes(PIECES.as_bytes()).unwrap(), 5);
    let table = FeatureTable::new(vocabulary.len(), width, vec![3e38; vocabulary.len() * width]).unwrap();
    let embeddings = StaticEmbeddings::new(vocabulary, table).unwrap();
    let config = static_model(0).config().clone();
    let model: StaticModel = StaticStudent::new(config, embeddings, layers(width, 0)).unwrap().into();
    let texts = [Text::from("where is my card")];
    let error = model.logits_of_texts(&texts).unwrap_err();
    assert!(error.to_string().contains("in place of a number"), "{error}");
    let mut logits = [0.0; 2];
    assert!(model.text_logits(&texts[0], &mut model.scratch(), &mut logits).is_err());
}

#[test]
fn saved_models_answer_as_before_in_both_precisions() {
    for hidden in [0, 3] {
        for (full, small) in [
            (
                Box::new(static_model(hidden)) as Box<dyn Predictor>,
                Box::new(static_model(hidden).quantized()) as Box<dyn Predictor>,
            ),
            (Box::new(ngram_model(hidden)), Box::new(ngram_model(hidden).quantized())),
        ] {
            let (full, small) =
                (full.logits_of_texts(&texts()).unwrap(), small.logits_of_texts(&texts()).unwrap());
            assert!(full.iter().zip(&small).all(|(a, b)| (a - b).abs() < 0.1), "{full:?} {small:?}");
            assert!(full != small);
        }
        let folder = tempfile::tempdir().unwrap();
        for model in [static_model(hidden), static_model(hidden).quantized()] {
            model.save(folder.path()).unwrap();
            let loaded = load_model(folder.path(), NonZeroUsize::MIN).unwrap();
            assert_eq!(loaded.kind(), "static");
            assert_eq!(loaded.logits_of_texts(&texts()).unwrap(), model.logits_of_texts(&texts()).unwrap());
        }
        let pruned = ngram_model(hidden).pruned(&[1, 5], &[0.5; 3], TablePrecision::PrunedInt8).unwrap();
        for model in [ngram_model(hidden), ngram_model(hidden).quantized(), pruned] {
            model.save(folder.path()).unwrap();
            let loaded = load_model(folder.path(), NonZeroUsize::MIN).unwrap();
            assert_eq!(loaded.kind(), "ngram");
            assert_eq!(loaded.logits_of_texts(&texts()).unwrap(), model.logits_of_texts(&texts()).unwrap());
        }
    }
}

/// The mean over pieces, the layers and the collapse against plain arithmetic.
#[test]
fn an_answer_is_that_of_the_definition() {
    let model = static_model(0);
    let rows = [0, 3, 4].map(|row| values(35)[row * 5..][..5].to_vec());
    let mean: Vec<f64> =
        (0..5).map(|column| rows.iter().map(|row| f64::from(row[column])).sum::<f64>() / 3.0).collect();
    let (weight, bias) = (values(20), values(4));
    let outputs: Vec<f64> = (0..4)
        .map(|output| {
            let row = weight[output * 5..][..5].iter().zip(&mean);
            f64::from(bias[output]) + row.map(|(w, m)| f64::from(*w) * m).sum::<f64>()
        })
        .collect();
    let expected: Vec<f64> = outputs.chunks(2).map(|pair| (pair[0].exp() + pair[1].exp()).ln()).collect();
    let found = model.logits_of_texts(&["where, cards".into()]).unwrap();
    assert!(found.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-4), "{found:?}");
}

#[test]
fn broken_models_are_refused_with_what_is_wrong() {
    let refused = |from: &str, to: &str| {
        let folder = tempfile::tempdir().unwrap();
        static_model(3).save(folder.path()).unwrap();
        let path = folder.path().join("config.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let error = StaticModel::load(folder.path()).unwrap_err();
        lelp::ErrorChain(&error).to_string()
    };
    assert!(refused("\"width\": 5", "\"width\": 6").contains("width 5"));
    assert!(refused("\"hidden\": 3", "\"hidden\": 2").contains("[[5, 3], [3, 4]]"));
    assert!(refused("\"subclasses\": 2", "\"subclasses\": 1").contains("[[5, 3], [3, 4]]"));
    assert!(refused("\"table\": \"f32\"", "\"table\": \"int8\"").contains("`static` of type I8"));
    assert!(refused("\"max_tokens\": 100", "\"max_tokens\": 0").contains("max_tokens is 0"));
    assert!(refused("\"yes\"", "\"no\"").contains("names two classes"));
    let config = static_model(3).config().clone();
    let layer =
        |inputs: usize, outputs| Layer::new(inputs, values(inputs * outputs), values(outputs)).unwrap();
    let apart = OutputLayers { hidden: Some(layer(5, 3)), output: layer(7, 4) };
    let error = StaticStudent::new(config, embeddings(5), apart).unwrap_err().to_string();
    assert!(error.contains("[7, 4]"), "{error}");
}

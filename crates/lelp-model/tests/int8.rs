//! Encoders in 8 bits against `PyTorch` in f32, on the small checkpoints of `goldens/`: how far, and what they do not depend on.

#![allow(clippy::unwrap_used)] // a test may panic

mod golden;

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use golden::{FAMILIES, Golden, folder};
use lelp_data::Text;
use lelp_model::encoder::{Encoder, EncoderLoadOptions, EncoderPrecision, Pooling};
use lelp_model::encoder_classifier::EncoderClassifier;
use lelp_model::{LoadOptions, Teacher as _, load_model};

/// The distance to f32 beside the length, in the mean over rows: of networks of width 32, in which nothing averages out.
const TOLERANCE: f32 = 0.03;

fn options(threads: usize) -> LoadOptions {
    LoadOptions { precision: EncoderPrecision::Int8, ..NonZeroUsize::new(threads).unwrap().into() }
}

fn load(family: &str, pooling: Pooling, threads: usize) -> Encoder {
    let LoadOptions { threads, precision, .. } = options(threads);
    let options =
        EncoderLoadOptions { pooling: Some(pooling), precision, ..EncoderLoadOptions::new(threads) };
    Encoder::load(&folder(family), &options).unwrap()
}

/// Mean over rows of `|found - expected| / |expected|`.
fn distance(found: &[f32], expected: &[f32], width: usize) -> f32 {
    let length = |row: &[f32]| row.iter().map(|value| value * value).sum::<f32>().sqrt();
    let rows = found.chunks(width).zip(expected.chunks(width));
    let distances = rows.map(|(found, expected)| {
        let difference: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
        length(&difference) / length(expected)
    });
    distances.sum::<f32>() / (expected.len() / width) as f32
}

#[test]
fn every_family_is_near_transformers_and_not_the_same() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        let teacher = EncoderClassifier::load(&folder(family), options(2)).unwrap();
        let signals =
            teacher.signals_of_texts(&golden.texts(), &mut |_| {}, &AtomicBool::new(false)).unwrap();
        let expected = golden.floats("embedding");
        let far = distance(&signals.embeddings, &expected.values, expected.shape[1]);
        assert!(0.0 < far && far < TOLERANCE, "{family}: {far}");
        let model = load_model(&folder(family), options(1)).unwrap();
        assert_eq!(model.logits_of_texts(&golden.texts()).unwrap(), signals.logits);
        assert_eq!(model.encoder().unwrap().precision(), EncoderPrecision::Int8);
    }
}

#[test]
fn an_embedding_is_the_same_bytes_in_any_company_and_on_any_number_of_threads() {
    for family in ["bert", "mpnet", "albert"] {
        let golden = Golden::read(family);
        // Copies make batches of several texts; the order changes who sits beside whom.
        let texts: Vec<Text<'_>> = golden.texts().iter().cycle().take(70).copied().collect();
        let backwards: Vec<Text<'_>> = texts.iter().rev().copied().collect();
        for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Max] {
            let (one, two) = (load(family, pooling, 1), load(family, pooling, 2));
            let together = one.embed(&texts).unwrap();
            assert_eq!(together, two.embed(&texts).unwrap());
            let width = one.width();
            let reversed = two.embed(&backwards).unwrap();
            let rows = together.chunks(width).zip(reversed.chunks(width).rev());
            for ((embedding, reversed), text) in rows.zip(&texts) {
                assert_eq!(embedding, one.embed(&[*text]).unwrap(), "{family} {pooling:?} alone");
                assert_eq!(embedding, reversed, "{family} {pooling:?} backwards");
            }
        }
    }
}

#[test]
fn the_precision_tells_teachers_and_encoders_apart() {
    let exact = EncoderClassifier::load(&folder("bert"), NonZeroUsize::MIN).unwrap();
    let lower = EncoderClassifier::load(&folder("bert"), options(1)).unwrap();
    assert_ne!(exact.hash().unwrap(), lower.hash().unwrap());
    let identity = |model: &EncoderClassifier| model.encoder().identity(&folder("bert")).unwrap();
    assert_ne!(identity(&exact), identity(&lower));
}

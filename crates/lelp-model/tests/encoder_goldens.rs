//! Encoders against `PyTorch`, on the small checkpoints of `goldens/make_encoder_goldens.py`, and on a real
//! one where `LELP_ENCODER_FOLDER` names a folder with all-MiniLM-L6-v2.

#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use lelp_data::Text;
use lelp_model::PredictError;
use lelp_model::encoder::{Encoder, EncoderLoadOptions, Pooling};
use serde::Deserialize;

const FAMILIES: [&str; 2] = ["encoder_bert", "encoder_mpnet"];
const POOLINGS: [(Pooling, &str); 3] =
    [(Pooling::Mean, "mean"), (Pooling::Cls, "cls"), (Pooling::Max, "max")];
/// The promise of the encoder: every value this close to `PyTorch`'s.
const TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Golden {
    texts: Vec<GoldenText>,
    embeddings: BTreeMap<String, Vec<Vec<f32>>>,
}

#[derive(Deserialize)]
struct GoldenText {
    text: String,
    pair: Option<String>,
}

impl Golden {
    fn read(family: &str) -> Self {
        serde_json::from_slice(&std::fs::read(folder(family).join("golden.json")).unwrap()).unwrap()
    }

    fn texts(&self) -> Vec<Text<'_>> {
        self.texts.iter().map(|text| Text { text: &text.text, pair: text.pair.as_deref() }).collect()
    }
}

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(family)
}

fn load(family: &str, pooling: Pooling, threads: usize) -> Encoder {
    let threads = NonZeroUsize::new(threads).unwrap();
    let options = EncoderLoadOptions { pooling: Some(pooling), ..EncoderLoadOptions::new(threads) };
    Encoder::load(&folder(family), &options).unwrap()
}

#[test]
fn every_value_is_that_of_pytorch() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        for (pooling, name) in POOLINGS {
            // Lengths from 1 word to beyond the position table and pairs, all in one call.
            let embeddings = load(family, pooling, 2).embed(&golden.texts()).unwrap();
            let expected: Vec<f32> = golden.embeddings[name].concat();
            assert_eq!(embeddings.len(), expected.len());
            for (index, (found, expected)) in embeddings.iter().zip(&expected).enumerate() {
                let (row, column) = (index / 32, index % 32);
                assert!(
                    (found - expected).abs() <= TOLERANCE,
                    "{family} {name} row {row} column {column}: {found} is not {expected}"
                );
            }
        }
    }
}

#[test]
fn an_embedding_is_the_same_bytes_in_any_company_and_on_any_number_of_threads() {
    for family in FAMILIES {
        let golden = Golden::read(family);
        // Copies make batches of several texts; the order changes who sits beside whom.
        let texts: Vec<Text<'_>> = golden.texts().iter().cycle().take(70).copied().collect();
        let backwards: Vec<Text<'_>> = texts.iter().rev().copied().collect();
        for (pooling, _) in POOLINGS {
            let (one, two) = (load(family, pooling, 1), load(family, pooling, 2));
            let together = one.embed(&texts).unwrap();
            assert_eq!(together, two.embed(&texts).unwrap());
            let reversed = two.embed(&backwards).unwrap();
            for (row, (text, embedding)) in texts.iter().zip(together.chunks(32)).enumerate() {
                assert_eq!(embedding, one.embed(&[*text]).unwrap(), "{family} {pooling:?} alone, row {row}");
                let last = texts.len() - 1 - row;
                assert_eq!(
                    embedding,
                    &reversed[last * 32..][..32],
                    "{family} {pooling:?} backwards, row {row}"
                );
            }
        }
    }
}

#[test]
fn normalised_embeddings_have_length_one_and_the_same_direction() {
    let golden = Golden::read("encoder_bert");
    let options = EncoderLoadOptions { normalize: Some(true), ..EncoderLoadOptions::new(NonZeroUsize::MIN) };
    let unit = Encoder::load(&folder("encoder_bert"), &options).unwrap().embed(&golden.texts()).unwrap();
    let raw = load("encoder_bert", Pooling::Mean, 1).embed(&golden.texts()).unwrap();
    for (unit, raw) in unit.chunks(32).zip(raw.chunks(32)) {
        let length = dot(raw, raw).sqrt();
        assert!((dot(unit, unit) - 1.0).abs() < 1e-5);
        assert!(unit.iter().zip(raw).all(|(unit, raw)| (unit * length - raw).abs() < 1e-5));
    }
}

#[test]
fn a_shorter_max_length_is_the_embedding_of_the_cut_text() {
    let options =
        EncoderLoadOptions { max_length: NonZeroUsize::new(6), ..EncoderLoadOptions::new(NonZeroUsize::MIN) };
    let cut = Encoder::load(&folder("encoder_bert"), &options).unwrap();
    assert_eq!(cut.max_length(), 6);
    let whole = load("encoder_bert", Pooling::Mean, 1);
    // 6 tokens are 4 words between [CLS] and [SEP].
    let long = cut.embed(&["my card is lost where is my pin".into()]).unwrap();
    assert_eq!(long, whole.embed(&["my card is lost".into()]).unwrap());
}

#[test]
fn progress_counts_every_text_and_cancelling_says_how_far_it_came() {
    let golden = Golden::read("encoder_bert");
    let texts: Vec<Text<'_>> = golden.texts().iter().cycle().take(2000).copied().collect();
    let encoder = load("encoder_bert", Pooling::Mean, 2);
    let mut seen = Vec::new();
    encoder.embed_with_progress(&texts, &mut |done| seen.push(done), &AtomicBool::new(false)).unwrap();
    assert!(seen.is_sorted() && seen.len() > 4);
    assert_eq!(seen.last(), Some(&texts.len()));

    let cancel = AtomicBool::new(false);
    let stopped =
        encoder.embed_with_progress(&texts, &mut |_| cancel.store(true, Ordering::Relaxed), &cancel);
    let Err(PredictError::Cancelled { done, rows: asked }) = stopped else {
        panic!("the run was not stopped: {stopped:?}");
    };
    assert!(done > 0 && done < asked && asked == texts.len());
}

#[test]
fn no_texts_give_no_embeddings() {
    assert_eq!(load("encoder_bert", Pooling::Mean, 2).embed(&[]).unwrap(), Vec::<f32>::new());
}

/// Similarities of two pairs of sentences, published with the checkpoint's copies and reproduced in `NumPy`.
#[test]
fn the_real_minilm_finds_the_known_similarities() {
    let Some(folder) = std::env::var_os("LELP_ENCODER_FOLDER") else {
        return; // the checkpoint is 90 MB and not in the repository
    };
    let encoder = Encoder::load(Path::new(&folder), &EncoderLoadOptions::new(NonZeroUsize::MIN)).unwrap();
    assert_eq!((encoder.width(), encoder.max_length()), (384, 256));
    assert!(encoder.normalizes() && encoder.pooling() == Pooling::Mean);
    let texts = ["I love this phone!", "This phone is great", "The weather in Paris is cold"];
    let embeddings = encoder.embed(&texts.map(Text::from)).unwrap();
    let rows: Vec<&[f32]> = embeddings.chunks(384).collect();
    assert!((dot(rows[0], rows[1]) - 0.785).abs() < 5e-4, "{}", dot(rows[0], rows[1]));
    assert!((dot(rows[0], rows[2]) + 0.008).abs() < 5e-4, "{}", dot(rows[0], rows[2]));
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

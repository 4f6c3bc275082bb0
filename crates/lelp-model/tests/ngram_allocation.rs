//! Prediction allocates nothing in steady state, by a model of its own or one that was loaded.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lelp_data::Text;
use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::ngram::{CharacterNgrams, FeatureTable, NgramConfig, NgramModel, TablePrecision};
use lelp_model::{Calibration, CalibrationFigures, LoadedModel};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it is; the counter itself does not allocate.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

#[test]
fn prediction_from_raw_text_allocates_nothing() {
    let mut config = NgramConfig::new(vec!["no".to_owned(), "yes".to_owned()], 3);
    config.features.buckets = 1 << 10;
    config.width = 64;
    let table =
        FeatureTable::new(1 << 10, 64, (0..64 << 10).map(|i| ((i % 97) as f32).sin()).collect()).unwrap();
    let hidden = Layer::new(64, vec![0.1; 64 * 64], vec![0.1; 64]).unwrap();
    let output = Layer::new(64, (0..6 * 64).map(|i| (i as f32).cos()).collect(), vec![0.0; 6]).unwrap();
    let model = NgramModel::new(config, table, None, OutputLayers { hidden: Some(hidden), output }).unwrap();

    let long = "many words \u{1f600} na\u{ef}ve, ".repeat(10_000);
    let texts = ["", "My card hasn't arrived yet!", long.as_str(), "\u{1e9e}tra\u{df}e \u{4f60}\u{597d}"];
    let kept: Vec<u32> = (0..1 << 10).step_by(3).collect();
    let pruned = [TablePrecision::PrunedInt8, TablePrecision::PrunedInt4]
        .map(|precision| model.pruned(&kept, &[0.1; 64], precision));
    for model in pruned.into_iter().flatten().chain([model.quantized(), model]) {
        let (mut scratch, mut logits) = (model.scratch(), [0.0; 2]);
        let before = allocations();
        for text in texts {
            model.class_logits(&Text::from(text), &mut scratch, &mut logits);
        }
        assert_eq!(allocations() - before, 0);
        assert!(logits.iter().all(|logit| logit.is_finite()));
        // The counter counts.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
        assert_eq!(allocations() - before, 1);
    }
}

/// Whatever kind it is and whatever stands beside it.
#[test]
fn a_loaded_model_shared_by_threads_allocates_nothing_once_it_has_seen_a_text_as_long() {
    let mut config = NgramConfig::new(vec!["no".to_owned(), "yes".to_owned()], 2);
    config.features.buckets = 1 << 10;
    config.features.characters = Some(CharacterNgrams { min: 2, max: 5 });
    (config.width, config.hidden) = (8, None);
    let table = FeatureTable::new(1 << 10, 8, (0..8 << 10).map(|i| (i as f32).sin()).collect()).unwrap();
    let output = Layer::new(8, (0..4 * 8).map(|i| (i as f32).cos()).collect(), vec![0.0; 4]).unwrap();
    let model = NgramModel::new(config, table, None, OutputLayers { hidden: None, output }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let figures =
        CalibrationFigures { negative_log_likelihood: 1.0, expected_calibration_error: 0.1, accuracy: 0.5 };
    let temperature = 2.0.try_into().unwrap();
    Calibration { temperature, rows: 9, before: figures, after: figures }.save(folder.path()).unwrap();

    let loaded: LoadedModel = lelp_model::load(folder.path()).unwrap();
    let long = "many words \u{1f600} na\u{ef}ve, ".repeat(2_000);
    let pair = Text { text: "my card", pair: Some("your card hasn't arrived") };
    let texts = [Text::from(long.as_str()), Text::from(""), pair, Text::from("My card hasn't arrived yet!")];
    let expected = loaded.logits_of_texts(&texts).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut scratch, mut logits) = (loaded.scratch(), [0.0; 2]);
                let mut answer = |row: usize| {
                    loaded.text_logits(&texts[row], &mut scratch, &mut logits).unwrap();
                    assert_eq!(logits, expected[2 * row..][..2]);
                };
                (0..texts.len()).for_each(&mut answer);
                let before = allocations();
                (0..texts.len()).for_each(answer);
                assert_eq!(allocations(), before);
            });
        }
    });
}

//! Trains an n-gram student with hard labels on `label<TAB>text` lines and measures it; the peers are in
//! `benches/ngram_peer.py`, which runs this program.
//!
//! ```text
//! cargo run --release -p lelp-train --example ngram_speed -- TRAIN.tsv TEST.tsv OUT_FOLDER '{"width": 64, "hidden": 0}'
//! ```
//!
//! Prints one JSON object: examples a second in training (median epoch), seconds of feature extraction,
//! accuracy on `TEST.tsv`, microseconds a prediction from raw text, and milliseconds to load the model.

mod labelled_lines;

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::slice;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use labelled_lines::{Rows, read};
use lelp_data::Text;
use lelp_method::{CeSettings, MethodSettings, StudentShape, Supervision};
use lelp_model::ngram::{NgramConfig, NgramModel};
use lelp_train::students::ngram::{NgramTrainSettings, TrainableNgram, features_of_texts};
use lelp_train::training::{Event, TrainSettings, Trainable, Training, Validation, ValidationMetric, train};
use serde::{Deserialize, Serialize};

/// What to run.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    width: usize,
    hidden: usize,
    log2_buckets: u32,
    threads: NonZeroUsize,
    /// Validate on TEST.tsv after each epoch, for a look at settings.
    observer: bool,
    dropout: f32,
    train: TrainSettings,
}

impl Default for Options {
    fn default() -> Self {
        let threads = NonZeroUsize::new(2).expect("2 is not 0");
        Self {
            width: 32,
            hidden: 64,
            log2_buckets: 18,
            threads,
            observer: false,
            dropout: 0.2,
            train: TrainSettings::ngram(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Figures {
    rows: usize,
    features_per_row: f64,
    extract_seconds: f64,
    train_examples_per_second: f64,
    test_accuracy: f64,
    int8_accuracy: f64,
    predict_microseconds: f64,
    int8_predict_microseconds: f64,
    load_milliseconds: f64,
    model_bytes: u64,
    /// SHA-256 of the weights, to compare runs.
    weights: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train_path, test_path, out, options] = arguments.as_slice() else {
        return Err("usage: ngram_speed TRAIN.tsv TEST.tsv OUT_FOLDER OPTIONS_JSON".into());
    };
    let options: Options = serde_json::from_str(options)?;
    let (data, test) = (read(train_path)?, read(test_path)?);
    let figures = run(&options, &data, &test, Path::new(out))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(())
}

fn run(options: &Options, data: &Rows, test: &Rows, out: &Path) -> Result<Figures, Box<dyn Error>> {
    let classes = data.labels.iter().max().map_or(0, |&most| most as usize + 1);
    let mut config = NgramConfig::new((0..classes).map(|class| class.to_string()).collect(), 1);
    (config.width, config.hidden) = (options.width, NonZeroUsize::new(options.hidden));
    config.features.buckets = 1 << options.log2_buckets;

    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.get()).build()?;
    let texts: Vec<Text<'_>> = data.texts.iter().map(|text| text.as_str().into()).collect();
    let start = Instant::now();
    let inputs = pool.install(|| features_of_texts(&texts, &config.features));
    let extract_seconds = start.elapsed().as_secs_f64();
    let test_texts: Vec<Text<'_>> = test.texts.iter().map(|text| text.as_str().into()).collect();
    let test_inputs = features_of_texts(&test_texts, &config.features);

    let labels: Vec<Option<u32>> = data.labels.iter().copied().map(Some).collect();
    let rows = labels.len();
    let validation = options.observer.then_some(Validation {
        inputs: slice::from_ref(&test_inputs),
        labels: &test.labels,
        metric: ValidationMetric::Accuracy,
    });
    let settings = NgramTrainSettings { optimizer: options.train.optimizer, dropout: options.dropout };
    let mut student = TrainableNgram::new(config, &inputs, &settings, options.train.seed)?;
    let supervision = Supervision { rows, classes, labels: Some(&labels), ..Supervision::default() };
    let shape = StudentShape {
        embedding: student.embedding(),
        optimizer: settings.optimizer,
        seed: options.train.seed,
    };
    let mut method = MethodSettings::from(CeSettings::default()).build(supervision, &shape)?;
    let training = Training {
        inputs: slice::from_ref(&inputs),
        rows,
        sampled: None,
        method: &mut *method,
        validation,
        checkpoints: None,
    };
    let report = train(
        &mut student,
        training,
        &options.train,
        options.threads,
        &mut |event| tell(&event),
        &AtomicBool::new(false),
    )?;
    let mut speeds: Vec<f64> = report.epochs.iter().map(|epoch| epoch.examples_per_second).collect();

    let model = student.model()?;
    let int8 = model.quantized();
    model.save(out)?;
    let weights = std::fs::read(out.join("model.safetensors"))?;
    let mut loads: Vec<f64> = (0..11).map(|_| load_milliseconds(out)).collect::<Result<_, _>>()?;
    let (test_accuracy, predict_microseconds) = predict(&NgramModel::load(out)?, &test_texts, &test.labels);
    let (int8_accuracy, int8_predict_microseconds) = predict(&int8, &test_texts, &test.labels);
    Ok(Figures {
        rows,
        features_per_row: inputs.features().len() as f64 / rows as f64,
        extract_seconds,
        train_examples_per_second: median(&mut speeds),
        test_accuracy,
        int8_accuracy,
        predict_microseconds,
        int8_predict_microseconds,
        load_milliseconds: median(&mut loads),
        model_bytes: weights.len() as u64,
        weights: lelp_data::storage::sha256(&weights),
    })
}

fn tell(event: &Event<'_>) {
    if let Event::Epoch(epoch) = event {
        let mut line = serde_json::to_string(epoch).unwrap_or_default();
        line.push('\n');
        // Progress that cannot be told is no reason to stop.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn load_milliseconds(folder: &Path) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let model = NgramModel::load(folder)?;
    let time = start.elapsed().as_secs_f64() * 1e3;
    drop(model);
    Ok(time)
}

/// Accuracy, and microseconds a text on one thread (median of five passes over all texts).
fn predict(model: &NgramModel, texts: &[Text<'_>], labels: &[u32]) -> (f64, f64) {
    let mut scratch = model.scratch();
    let mut logits = vec![0.0; model.config().classes()];
    let (mut times, mut right) = (Vec::new(), 0);
    for _ in 0..5 {
        right = 0;
        let start = Instant::now();
        for (text, &label) in texts.iter().zip(labels) {
            model.class_logits(text, &mut scratch, &mut logits);
            let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
            right += usize::from(best == Some(label as usize));
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / texts.len() as f64);
    }
    (right as f64 / texts.len() as f64, median(&mut times))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

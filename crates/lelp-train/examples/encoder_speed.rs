//! Fine-tunes an encoder on `label<TAB>text` lines and measures it; the peer is `benches/finetune_peer.py`,
//! which runs this program.
//!
//! ```text
//! cargo run --release -p lelp-train --example encoder_speed -- TRAIN.tsv TEST.tsv ENCODER_FOLDER '{"layers": 2}'
//! ```
//!
//! The folder gives config, tokenizer and weights; with `scratch` its tokenizer alone, and the weights are
//! drawn at random. Prints one JSON object: examples a second in training, accuracy on `TEST.tsv`.

mod labelled_lines;

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use labelled_lines::{Rows, read};
use lelp_data::Text;
use lelp_method::{CeSettings, MethodSettings, Optimizer, StudentShape, Supervision};
use lelp_model::checkpoint::EncoderConfig;
use lelp_model::tokenizer::Tokenizer;
use lelp_train::encoder::{EncoderInputs, EncoderTrainSettings, InitialWeights, TrainableEncoder};
use lelp_train::training::{Event, TrainSettings, Trainable, Training, Validation, ValidationMetric, train};
use serde::{Deserialize, Serialize};

/// What to run.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    threads: NonZeroUsize,
    /// Lower layers taken of the folder; 0 for all, or with `scratch` the number of layers.
    layers: usize,
    scratch: Option<Scratch>,
    max_length: usize,
    /// Tell the mean loss after each batch.
    observer: bool,
    encoder: EncoderTrainSettings,
    train: TrainSettings,
}

/// Sizes of a network that starts from random weights.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scratch {
    width: usize,
    heads: usize,
    inner: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::new(2).expect("2 is not 0"),
            layers: 0,
            scratch: None,
            max_length: 128,
            observer: false,
            encoder: EncoderTrainSettings::default(),
            train: TrainSettings { epochs: 1, warmup: 0.0, ..TrainSettings::encoder() },
        }
    }
}

#[derive(Debug, Serialize)]
struct Figures {
    rows: usize,
    tokens_per_row: f64,
    train_examples_per_second: f64,
    test_accuracy: f64,
    /// SHA-256 of the weights, to compare runs.
    weights: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [training, test, folder, rest @ ..] = arguments.as_slice() else {
        return Err("TRAIN.tsv TEST.tsv ENCODER_FOLDER ['{..}']".into());
    };
    let options: Options = rest.first().map_or(Ok(Options::default()), |json| serde_json::from_str(json))?;
    let (training, test) = (read(training)?, read(test)?);
    let figures = measure(&training, &test, Path::new(folder), &options)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(())
}

fn measure(
    training: &Rows,
    test: &Rows,
    folder: &Path,
    options: &Options,
) -> Result<Figures, Box<dyn Error>> {
    let source = EncoderConfig::load(folder)?;
    let mut config = source.clone();
    if options.layers > 0 {
        config.layers = options.layers;
    }
    if let Some(Scratch { width, heads, inner }) = options.scratch {
        (config.width, config.embedding_width) = (width, width);
        (config.heads, config.inner) = (heads, inner);
    }
    config.check()?;
    let tokenizer = Tokenizer::load(folder, &config, options.max_length.min(config.longest()))?;
    let inputs = |rows: &Rows| {
        let texts: Vec<Text<'_>> = rows.texts.iter().map(|text| text.as_str().into()).collect();
        EncoderInputs::new(&tokenizer, &texts, options.threads)
    };
    let (train_inputs, test_inputs) = (inputs(training)?, inputs(test)?);
    let classes = training.labels.iter().max().map_or(2, |&most| most as usize + 1).max(2);

    let layers: Vec<usize> = (0..config.layers).collect();
    let weights = match options.scratch {
        Some(_) => InitialWeights::Random,
        None => InitialWeights::Folder { folder, config: &source, layers: &layers, head: true },
    };
    let mut student = TrainableEncoder::new(config, classes, weights, &options.encoder, options.train.seed)?;
    let labels: Vec<Option<u32>> = training.labels.iter().copied().map(Some).collect();
    let rows = training.labels.len();
    let supervision = Supervision { rows, classes, labels: Some(&labels), ..Supervision::default() };
    let shape =
        StudentShape { embedding: student.embedding(), optimizer: Optimizer::Adam, seed: options.train.seed };
    let mut method = MethodSettings::from(CeSettings::default()).build(supervision, &shape)?;
    let validation =
        Validation { inputs: &test_inputs, labels: &test.labels, metric: ValidationMetric::Accuracy };
    let training = Training {
        inputs: &train_inputs,
        rows,
        sampled: None,
        method: method.as_mut(),
        validation: Some(validation),
        checkpoints: None,
    };
    let mut say = |event: Event<'_>| {
        if let (Event::Batch { epoch, done, sums, .. }, true) = (event, options.observer) {
            let _ = writeln!(std::io::stderr(), "{epoch} {done} {:.5}", sums[0].mean());
        }
    };
    let report =
        train(&mut student, training, &options.train, options.threads, &mut say, &AtomicBool::new(false))?;
    let best = report.best().ok_or("no epoch")?;
    Ok(Figures {
        rows,
        tokens_per_row: train_inputs.tokens() as f64 / rows as f64,
        train_examples_per_second: best.examples_per_second,
        test_accuracy: best.validation.ok_or("no validation")?.value,
        weights: lelp_data::storage::sha256(&student.to_safetensors()?),
    })
}

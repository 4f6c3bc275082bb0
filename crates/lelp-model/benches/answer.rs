//! Microseconds a text of n-gram students of every precision, through the call that a service makes.
//!
//! `cargo bench -p lelp-model` prints medians over turns in which every student answers the same texts; only ratios mean
//! something. Set by environment: `LELP_BENCH_MODEL` (a student's folder; else one of random weights with a table of 34 MB),
//! `LELP_BENCH_TEXTS` (a file with a text a line; else made-up sentences of 5 to 30 words), `LELP_BENCH_TURNS` (9).
#![allow(clippy::print_stdout, reason = "a bench talks")]

use std::hint::black_box;
use std::time::Instant;

use lelp_model::layer::{Layer, OutputLayers};
use lelp_model::ngram::{FeatureTable, NgramConfig, NgramModel, TablePrecision};
use lelp_model::{LoadedModel, load};

/// Texts that are made up.
const TEXTS: usize = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let turns = std::env::var("LELP_BENCH_TURNS").map_or(Ok(9), |turns| turns.parse())?;
    let texts = match std::env::var("LELP_BENCH_TEXTS") {
        Ok(path) => std::fs::read_to_string(path)?.lines().map(str::to_owned).collect(),
        Err(_) => made_up_texts(),
    };
    let models: Vec<(String, LoadedModel)> = match std::env::var("LELP_BENCH_MODEL") {
        Ok(folder) => vec![(folder.clone(), load(folder)?)],
        Err(_) => made_up_models()?,
    };
    let mut seconds = vec![Vec::new(); models.len()];
    for _ in 0..turns {
        for ((_, model), seconds) in models.iter().zip(&mut seconds) {
            let (mut scratch, mut logits) = (model.scratch(), vec![0.0; model.labels().len()]);
            let start = Instant::now();
            for text in &texts {
                model.text_logits(&text.as_str().into(), &mut scratch, &mut logits)?;
                black_box(&logits);
            }
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    for ((name, _), seconds) in models.iter().zip(&mut seconds) {
        seconds.sort_by(f64::total_cmp);
        println!("{name:<14} {:7.2} us a text", 1e6 * seconds[seconds.len() / 2] / texts.len() as f64);
    }
    Ok(())
}

/// A student in 32 bits, and what is made of it.
fn made_up_models() -> Result<Vec<(String, LoadedModel)>, Box<dyn std::error::Error>> {
    let config = NgramConfig::new(vec!["no".to_owned(), "yes".to_owned()], 4);
    let buckets = config.features.buckets;
    let number = |place: usize| lelp::hash::mix(place as u64 + 1) as f32 / u64::MAX as f32 - 0.5;
    let layer = |inputs: usize, outputs: usize| {
        Layer::new(inputs, (0..inputs * outputs).map(number).collect(), vec![0.0; outputs])
    };
    let table = FeatureTable::new(buckets, 32, (0..32 * buckets).map(number).collect())?;
    let model = NgramModel::new(
        config,
        table,
        None,
        OutputLayers { hidden: Some(layer(32, 64)?), output: layer(64, 8)? },
    )?;
    let kept: Vec<u32> = (0..buckets as u32).step_by(8).collect();
    let pruned = [TablePrecision::PrunedInt8, TablePrecision::PrunedInt4]
        .map(|precision| model.pruned(&kept, &[0.1; 32], precision));
    let mut models = vec![model.quantized()];
    models.extend(pruned.into_iter().flatten());
    models.insert(0, model);
    let named =
        |model: NgramModel| (format!("{:?}", model.table().precision()), Box::new(model) as LoadedModel);
    Ok(models.into_iter().map(named).collect())
}

fn made_up_texts() -> Vec<String> {
    let word =
        |text: usize, place: usize| format!("w{}", lelp::hash::hash(text as u64, place as u64) % 20_000);
    let text = |text: usize| (0..5 + text % 26).map(|place| word(text, place)).collect::<Vec<_>>().join(" ");
    (0..TEXTS).map(text).collect()
}

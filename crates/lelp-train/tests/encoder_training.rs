//! Encoders that learn: what they learn, and that a training which was stopped goes on to the same bytes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lelp_data::Splits;
use lelp_method::CeSettings;
use lelp_model::encoder_classifier::EncoderClassifier;
use lelp_train::encoder::{EncoderSizes, EncoderSource, EncoderTrainSettings};
use lelp_train::teachers::{FineTuneError, FineTuning};
use lelp_train::training::{CheckpointError, Checkpoints, Event, TrainError, TrainSettings};
use tempfile::TempDir;

const LABELS: [&str; 2] = ["no", "yes"];

fn golden(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lelp-model/tests/goldens").join(family)
}

/// Texts whose class is that of their first word.
fn data(folder: &Path) -> Splits {
    let write = |name: &str, rows: usize, offset: usize| {
        let mut csv = "text,label\n".to_owned();
        for row in offset..offset + rows {
            let class = row * 7 % 3 % 2;
            let first = ["the", "a"][class];
            let rest = ["cat", "dog", "sat", "on mat", "mat dog"][row % 5];
            writeln!(csv, "{first} {rest},{}", LABELS[class]).unwrap();
        }
        fs::write(folder.join(name), csv).unwrap();
    };
    write("train.csv", 90, 0);
    write("validation.csv", 30, 1000);
    Splits::open(folder, &lelp_data::Columns::default(), None).unwrap()
}

fn settings() -> TrainSettings {
    TrainSettings { epochs: 3, batch: 16, learning_rate: 3e-3, ..TrainSettings::encoder() }
}

struct Run<'a> {
    splits: &'a Splits,
    source: EncoderSource,
    encoder: EncoderTrainSettings,
    settings: TrainSettings,
}

impl Run<'_> {
    /// Trains, and gives the weights' bytes; `stop` ends it after so many batches.
    fn train(
        &self,
        threads: usize,
        checkpoints: Option<&Checkpoints>,
        stop: Option<usize>,
    ) -> Result<Vec<u8>, FineTuneError> {
        let tuning = FineTuning {
            source: &self.source,
            train: &self.splits.train,
            validation: self.splits.validation.as_ref().unwrap(),
            labels: CeSettings::default(),
            subclasses: None,
            encoder: self.encoder,
            settings: self.settings,
        };
        let (cancel, mut batches) = (AtomicBool::new(false), 0);
        let mut observer = |event: Event<'_>| {
            if let Event::Batch { .. } = event {
                batches += 1;
                cancel.store(stop == Some(batches), Ordering::Relaxed);
            }
        };
        let (student, report) =
            tuning.run(checkpoints, NonZeroUsize::new(threads).unwrap(), &mut observer, &cancel)?;
        assert_eq!(report.epochs.len(), self.settings.epochs);
        Ok(student.to_safetensors().unwrap())
    }
}

fn run<'a>(splits: &'a Splits, family: &str) -> Run<'a> {
    let source = EncoderSource::whole(&golden(family), None).unwrap();
    let encoder = EncoderTrainSettings { dropout: Some(0.1), ..EncoderTrainSettings::default() };
    Run { splits, source, encoder, settings: settings() }
}

fn checkpoints(folder: &Path, settings: &TrainSettings) -> Checkpoints {
    Checkpoints::new(folder, Duration::ZERO, settings)
}

#[test]
fn every_family_learns_what_a_first_word_says_and_its_folder_answers_so() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    for family in ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "albert"] {
        let source = EncoderSource::whole(&golden(family), None).unwrap();
        let encoder = EncoderTrainSettings { dropout: Some(0.0), ..EncoderTrainSettings::default() };
        let tuning = FineTuning {
            source: &source,
            train: &splits.train,
            validation: splits.validation.as_ref().unwrap(),
            labels: CeSettings::default(),
            subclasses: None,
            encoder,
            settings: TrainSettings { epochs: 25, ..settings() },
        };
        let threads = NonZeroUsize::new(2).unwrap();
        let (student, report) = tuning.run(None, threads, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        let accuracy = report.best().unwrap().validation.unwrap().value;
        assert!(accuracy > 0.95, "{family}: {accuracy}");

        let out = folder.path().join(family);
        source.save(&out, &student, splits.train.label_names(), NonZeroUsize::MIN).unwrap();
        let teacher = EncoderClassifier::load(&out, threads).unwrap();
        let validation = splits.validation.as_ref().unwrap();
        let answers =
            lelp_train::evaluate::answer(&teacher, validation, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        let found = lelp_train::evaluate::report(&answers, validation, None).unwrap();
        assert!(
            (found.accuracy - accuracy).abs() < 1e-9,
            "{family}: the saved folder gives {}",
            found.accuracy
        );
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads_and_change_with_the_seed() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    for family in ["bert", "mpnet"] {
        let mut run = run(&splits, family);
        let one = run.train(1, None, None).unwrap();
        assert!(one == run.train(2, None, None).unwrap(), "{family}: one thread and two");
        run.settings.seed = 1;
        assert!(one != run.train(2, None, None).unwrap(), "{family}: another seed");
    }
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    let run = run(&splits, "bert");
    let whole = run.train(2, None, None).unwrap();
    // In the first epoch, at an epoch's end (6 batches each), and in the last.
    for stops in [vec![2], vec![6], vec![3, 9], vec![17]] {
        let place = checkpoints(&folder.path().join(format!("{stops:?}")), &run.settings);
        let mut done = 0;
        for stop in &stops {
            let stopped = run.train(1, Some(&place), Some(stop - done)).unwrap_err();
            let FineTuneError::Train(TrainError::Cancelled { checkpoint: Some(file), .. }) = stopped else {
                panic!("{stopped}")
            };
            assert_eq!(file, place.file());
            done = *stop;
        }
        assert!(whole == run.train(2, Some(&place), None).unwrap(), "stopped after {stops:?}");
    }
}

#[test]
fn parts_of_a_batch_add_up_to_it() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    let mut run = run(&splits, "bert");
    // Dropout differs from part to part.
    run.encoder.dropout = Some(0.0);
    let whole = run.train(2, None, None).unwrap();
    run.encoder.micro_batch = NonZeroUsize::new(5);
    let parts = run.train(2, None, None).unwrap();
    let values = |bytes: &[u8]| {
        let tensors = safetensors::SafeTensors::deserialize(bytes).unwrap();
        let bytes = tensors.tensor("bert.pooler.dense.weight").unwrap().data().to_vec();
        bytes.as_chunks::<4>().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect::<Vec<_>>()
    };
    for (whole, part) in values(&whole).iter().zip(values(&parts)) {
        assert!((whole - part).abs() < 1e-3, "{whole} and {part}");
    }
}

#[test]
fn changed_settings_and_damaged_checkpoints_are_refused() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    let mut run = run(&splits, "bert");
    let place = checkpoints(&folder.path().join("run"), &run.settings);
    run.train(2, Some(&place), Some(3)).unwrap_err();

    run.settings.learning_rate = 1e-3;
    let other = checkpoints(&folder.path().join("run"), &run.settings);
    let refused = run.train(2, Some(&other), None).unwrap_err();
    let FineTuneError::Train(TrainError::Checkpoint(CheckpointError::Settings { differences, .. })) = refused
    else {
        panic!("{refused}")
    };
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences[0].contains("learning_rate"), "{differences:?}");

    let bytes = fs::read(place.file()).unwrap();
    for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(place.file(), &bytes[..length]).unwrap();
        let refused = run.train(2, Some(&place), None).unwrap_err();
        let damaged =
            matches!(&refused, FineTuneError::Train(TrainError::Checkpoint(CheckpointError::Format { .. })));
        assert!(damaged, "cut to {length} bytes: {refused}");
    }
}

#[test]
fn a_loss_that_is_no_number_stops_and_leaves_the_last_checkpoint() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    let mut run = run(&splits, "bert");
    (run.settings.learning_rate, run.settings.warmup, run.encoder.clip) = (1e30, 0.0, None);
    let place = checkpoints(&folder.path().join("run"), &run.settings);
    let stopped = run.train(2, Some(&place), None).unwrap_err();
    let FineTuneError::Train(TrainError::Diverged { epoch: 1, batch, .. }) = stopped else {
        panic!("{stopped}")
    };
    assert!(batch > 1 && place.exists(), "batch {batch}");
}

#[test]
fn layers_and_sizes_that_are_not_there_are_refused() {
    let bert = golden("bert");
    let refused = EncoderSource::layers(&bert, vec![0, 5], None).unwrap_err().to_string();
    assert!(refused.contains("2 layers") && refused.contains("6 are asked for"), "{refused}");
    let sizes = EncoderSizes { layers: 1, width: 10, heads: 3, inner: 8 };
    assert!(EncoderSource::scratch(&bert, sizes, None).is_err(), "10 columns do not share 3 heads");
    let long = NonZeroUsize::new(100_000);
    let refused = EncoderSource::whole(&bert, long).unwrap_err().to_string();
    assert!(refused.contains("100000") && refused.contains("positions for"), "{refused}");
}

#[test]
fn a_student_takes_the_layers_of_its_teacher_or_none_and_learns() {
    let folder = TempDir::new().unwrap();
    let splits = data(folder.path());
    let bert = golden("bert");
    let sizes = EncoderSizes { layers: 1, width: 8, heads: 2, inner: 12 };
    for source in [
        EncoderSource::layers(&bert, vec![1], None).unwrap(),
        EncoderSource::scratch(&bert, sizes, None).unwrap(),
    ] {
        let run = Run {
            splits: &splits,
            source,
            encoder: EncoderTrainSettings { dropout: Some(0.0), ..EncoderTrainSettings::default() },
            settings: settings(),
        };
        run.train(2, None, None).unwrap();
    }
}

//! The n-gram student and the training loop as a caller meets them.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and asks for the same bits")]

use std::num::NonZeroUsize;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use lelp::{LelpSettings, Temperature};
use lelp_data::Text;
use lelp_method::{
    Alpha, CeSettings, KdSettings, MethodSettings, Optimizer, SplitMethod, StudentShape, Supervision,
};
use lelp_model::Predictor;
use lelp_model::ngram::{FeatureSettings, NgramConfig, NgramModel};
use lelp_train::students::ngram::{NgramTrainSettings, TrainableNgram, features_of_texts};
use lelp_train::training::{
    Event, TrainError, TrainReport, TrainSettings, Trainable, Training, Validation, ValidationMetric, train,
};

const ROWS: usize = 300;

/// The student of [`config`].
const STUDENT: StudentShape = StudentShape { embedding: 7, optimizer: Optimizer::Adagrad, seed: 0 };

/// Texts whose class is told by one word, among words that say nothing.
fn texts() -> (Vec<String>, Vec<u32>) {
    let telling = [["refund", "fee"], ["card", "pin"]];
    let text = |row: usize| {
        let label = row % 2;
        let word = telling[label][row / 2 % 2];
        (format!("noise{} {word} more{} words", row * 7 % 31, row * 13 % 17), label as u32)
    };
    (0..ROWS).map(text).unzip()
}

fn config(subclasses: usize) -> NgramConfig {
    let mut config = NgramConfig::new(vec!["money".to_owned(), "card".to_owned()], subclasses);
    (config.width, config.hidden) = (20, NonZeroUsize::new(7));
    config.features = FeatureSettings { buckets: 1 << 9, ..FeatureSettings::default() };
    config
}

fn settings() -> TrainSettings {
    TrainSettings { epochs: 6, batch: 70, learning_rate: 0.1, patience: None, ..TrainSettings::ngram() }
}

/// Soft labels over four subclasses that follow the label.
fn targets(labels: &[u32]) -> Vec<f32> {
    let row = |&label: &u32| if label == 0 { [0.5, 0.3, 0.1, 0.1] } else { [0.05, 0.15, 0.2, 0.6] };
    labels.iter().flat_map(row).collect()
}

fn kd(alpha: f64, temperature: f64) -> MethodSettings {
    let (alpha, temperature) = (Alpha::new(alpha).unwrap(), Temperature::new(temperature).unwrap());
    KdSettings { alpha, temperature }.into()
}

fn lelp() -> MethodSettings {
    let maker = LelpSettings { subclasses: NonZeroUsize::new(2).unwrap(), ..LelpSettings::default() };
    SplitMethod { alpha: Alpha::new(0.25).unwrap(), ..SplitMethod::new(maker) }.into()
}

/// Trains on all rows; the first hundred are the validation set.
fn run(
    method: &MethodSettings,
    settings: &TrainSettings,
    threads: usize,
) -> Result<(TrainableNgram, TrainReport), TrainError> {
    let (texts, labels) = texts();
    let borrowed: Vec<Text<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
    let config = config(method.subclasses());
    let inputs = features_of_texts(&borrowed, &config.features);
    let (targets, some) = (targets(&labels), labels.iter().copied().map(Some).collect::<Vec<_>>());
    let supervision = Supervision {
        rows: ROWS,
        classes: 2,
        labels: Some(&some),
        targets: Some(&targets),
        ..Supervision::default()
    };
    let mut method = method.build(supervision, &STUDENT).unwrap();
    let validation = Validation {
        inputs: slice::from_ref(&inputs),
        labels: &labels[..100],
        metric: ValidationMetric::Accuracy,
    };
    let training = Training {
        inputs: slice::from_ref(&inputs),
        rows: ROWS,
        sampled: None,
        method: &mut *method,
        validation: Some(validation),
        checkpoints: None,
    };
    let learning = NgramTrainSettings { optimizer: settings.optimizer, dropout: 0.2 };
    let mut student = TrainableNgram::new(config, &inputs, &learning, settings.seed).unwrap();
    let threads = NonZeroUsize::new(threads).unwrap();
    let report = train(&mut student, training, settings, threads, &mut |_| {}, &AtomicBool::new(false))?;
    Ok((student, report))
}

fn bytes(model: &NgramModel) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    std::fs::read(folder.path().join("model.safetensors")).unwrap()
}

#[test]
fn one_thread_and_several_leave_the_same_bytes() {
    for optimizer in [Optimizer::Adagrad, Optimizer::Sgd] {
        let settings = TrainSettings { optimizer, ..settings() };
        let one = bytes(&run(&lelp(), &settings, 1).unwrap().0.model().unwrap());
        for threads in [2, 3] {
            assert!(one == bytes(&run(&lelp(), &settings, threads).unwrap().0.model().unwrap()));
        }
        let other = TrainSettings { seed: 1, ..settings };
        assert!(one != bytes(&run(&lelp(), &other, 1).unwrap().0.model().unwrap()));
    }
}

#[test]
fn what_one_word_tells_is_learned() {
    for method in [MethodSettings::from(CeSettings::default()), lelp()] {
        let report = run(&method, &settings(), 2).unwrap().1;
        let best = report.epochs[report.best_epoch - 1].validation.unwrap();
        assert!(best.value > 0.99, "{method:?}: {best:?}");
        let (first, last) = (&report.epochs[0].terms[0], &report.epochs[5].terms[0]);
        assert!(last.mean < 0.5 * first.mean && last.rows == ROWS);
    }
}

#[test]
fn the_saved_model_gives_the_outputs_of_the_student_that_was_kept() {
    let (student, report) = run(&CeSettings::default().into(), &settings(), 2).unwrap();
    let (texts, labels) = texts();
    let borrowed: Vec<Text<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
    let inputs = features_of_texts(&borrowed, &student.config().features);
    let mut outputs = vec![0.0; 2 * ROWS];
    student.forward(slice::from_ref(&inputs), 0, &mut outputs);
    let logits = student.model().unwrap().logits_of_texts(&borrowed).unwrap();
    assert_eq!(logits, outputs);
    let loss = |row: usize| {
        let [own, other] = [0, 1].map(|flip| f64::from(logits[2 * row + (labels[row] as usize ^ flip)]));
        (other - own).exp().ln_1p()
    };
    let mean = (0..100).map(loss).sum::<f64>() / 100.0;
    let best = report.epochs[report.best_epoch - 1].validation.unwrap();
    assert!((mean - best.negative_log_likelihood).abs() < 1e-6);
}

#[test]
fn training_stops_when_patience_ends_and_keeps_the_best() {
    // A rate so high that the first epochs are best, or at least not the last of a hundred.
    let settings =
        TrainSettings { epochs: 100, patience: NonZeroUsize::new(3), learning_rate: 2.0, ..settings() };
    let report = run(&CeSettings::default().into(), &settings, 2).unwrap().1;
    assert!(report.epochs.len() < 100);
    assert_eq!(report.epochs.len(), report.best_epoch + 3);
    assert!(report.epochs[report.best_epoch - 1].best);
    assert!(report.epochs[report.best_epoch..].iter().all(|epoch| !epoch.best));
}

#[test]
fn a_loss_that_is_not_finite_names_epoch_and_batch() {
    let settings = TrainSettings { learning_rate: 3e38, optimizer: Optimizer::Sgd, ..settings() };
    let error = run(&lelp(), &settings, 1).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, batch: 2.., .. }), "{error}");
    assert!(error.to_string().contains("lower the learning rate"));
}

#[test]
fn wrong_settings_are_refused_before_training() {
    for wrong in [
        TrainSettings { epochs: 0, ..settings() },
        TrainSettings { batch: 0, ..settings() },
        TrainSettings { learning_rate: f32::NAN, ..settings() },
    ] {
        assert!(matches!(run(&lelp(), &wrong, 1), Err(TrainError::Settings(_))));
    }
}

/// Rows without labels: `ce` leaves them out, `kd` learns from the teacher alone, and validation
/// compares with the teacher's classes.
#[test]
fn rows_without_labels_are_welcome() {
    let (texts, labels) = texts();
    let borrowed: Vec<Text<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
    let inputs = features_of_texts(&borrowed, &config(1).features);
    let logits: Vec<f32> =
        labels.iter().flat_map(|&label| [-2.0 * label as f32, 2.0 * label as f32]).collect();
    let some: Vec<Option<u32>> = (0..ROWS).map(|row| (row < 40).then(|| labels[row])).collect();
    let supervision = Supervision {
        rows: ROWS,
        classes: 2,
        labels: Some(&some),
        logits: Some(&logits),
        ..Supervision::default()
    };
    let stop = AtomicBool::new(false);
    for (method, rows) in
        [(MethodSettings::from(CeSettings::default()), 40), (kd(0.5, 2.0), ROWS), (kd(1.0, 2.0), 40)]
    {
        let mut built = method.build(supervision, &STUDENT).unwrap();
        let validation = Validation {
            inputs: slice::from_ref(&inputs),
            labels: &labels,
            metric: ValidationMetric::Agreement,
        };
        let training = Training {
            inputs: slice::from_ref(&inputs),
            rows: ROWS,
            sampled: None,
            method: &mut *built,
            validation: Some(validation),
            checkpoints: None,
        };
        let mut student = TrainableNgram::new(config(1), &inputs, &NgramTrainSettings::default(), 0).unwrap();
        let mut batches = 0;
        let mut observer = |event: Event<'_>| batches += usize::from(matches!(event, Event::Batch { .. }));
        let report =
            train(&mut student, training, &settings(), NonZeroUsize::MIN, &mut observer, &stop).unwrap();
        assert_eq!(report.rows, rows);
        assert_eq!(batches, 6 * rows.div_ceil(70));
    }
    let mut built = MethodSettings::from(CeSettings::default()).build(supervision, &STUDENT).unwrap();
    let training = Training {
        inputs: slice::from_ref(&inputs),
        rows: ROWS,
        sampled: None,
        method: &mut *built,
        validation: None,
        checkpoints: None,
    };
    let mut student = TrainableNgram::new(config(1), &inputs, &NgramTrainSettings::default(), 0).unwrap();
    stop.store(true, Ordering::Relaxed);
    let stopped = train(&mut student, training, &settings(), NonZeroUsize::MIN, &mut |_| {}, &stop);
    assert!(matches!(stopped, Err(TrainError::Cancelled { epoch: 1, .. })));
    let mut wide = TrainableNgram::new(config(2), &inputs, &NgramTrainSettings::default(), 0).unwrap();
    let training = Training {
        inputs: slice::from_ref(&inputs),
        rows: ROWS,
        sampled: None,
        method: &mut *built,
        validation: None,
        checkpoints: None,
    };
    let refused = train(&mut wide, training, &settings(), NonZeroUsize::MIN, &mut |_| {}, &stop);
    assert!(matches!(refused, Err(TrainError::Outputs { needed: 2, outputs: 4 })));
}

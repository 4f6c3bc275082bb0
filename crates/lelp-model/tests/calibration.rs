//! A temperature beside a model is used by whoever loads it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use lelp::CalibrationTemperature;
use lelp_data::{Table, Text};
use lelp_model::{Calibration, CalibrationFigures, load_model, teacher_of};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// A copy of a sequence classifier.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/roberta")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

#[test]
fn a_calibrated_model_answers_the_same_with_other_probabilities() {
    let folder = folder();
    let table = Table::from_texts(&["a text".into(), "another one".into()]).unwrap();
    let plain = load_model(folder.path(), ONE).unwrap();
    let figures =
        CalibrationFigures { negative_log_likelihood: 0.5, expected_calibration_error: 0.1, accuracy: 0.9 };
    let temperature = CalibrationTemperature::new(2.0).unwrap();
    let calibration = Calibration { temperature, rows: 7, before: figures, after: figures };
    calibration.save(folder.path()).unwrap();
    assert_eq!(Calibration::of(folder.path()).unwrap(), Some(calibration));
    let calibrated = load_model(folder.path(), ONE).unwrap();
    let halves: Vec<f32> = plain.logits(&table).unwrap().iter().map(|logit| logit / 2.0).collect();
    assert_eq!(calibrated.logits(&table).unwrap(), halves);
    assert_eq!(calibrated.logits_of_texts(&[Text::from("a text")]).unwrap(), halves[..2]);
    assert_eq!((calibrated.kind(), calibrated.labels()), (plain.kind(), plain.labels()));
    assert!(!calibrated.answers_in_microseconds());
    // What is distilled from is the teacher as it is.
    assert!(teacher_of(calibrated.as_ref(), folder.path()).is_ok());
}

#[test]
fn a_calibration_that_is_none_is_refused_with_its_file() {
    let folder = folder();
    for bad in ["{", r#"{"temperature": 0}"#, r#"{"temperature": 1e99}"#, r#"{"temperature": 1, "other": 2}"#]
    {
        fs::write(folder.path().join("calibration.json"), bad).unwrap();
        let error = load_model(folder.path(), ONE).unwrap_err().to_string();
        assert!(error.contains("calibration.json"), "{bad}: {error}");
    }
}

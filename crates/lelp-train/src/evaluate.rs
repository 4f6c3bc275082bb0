//! How well a model answers on a data set.

mod calibrate;
mod cascade;
mod details;
mod precision;
mod speed;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lelp::counted;
use lelp::metrics::{CalibrationBin, Evaluation, MetricsError, agreement};
use lelp_model::{PredictError, Predictor};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use lelp_data::Dataset;

pub use calibrate::calibrate;
pub use cascade::{CascadeReport, cascade};
pub use details::{ClassFigures, Details, Majority, ThresholdFigures, details};
pub use precision::{PrecisionAccuracy, PrecisionReport, compare_precisions};
pub use speed::{Speed, speed};

/// Texts answered between two looks at progress and the cancel flag.
const CHUNK: usize = 1024;

/// Texts that the time for a data set is estimated from.
const TIMED_TEXTS: usize = 256;

/// A model's answers to a data set.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Class logits, `[rows, classes]`.
    pub logits: Vec<f32>,
    /// Time spent in the model.
    pub elapsed: Duration,
}

/// Figures of a model on a data set; all are taken over the labelled rows, save agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Rows that were answered.
    pub rows: usize,
    /// Rows that have a label.
    pub labelled_rows: usize,
    /// Names of the classes, in the order of `confusion`.
    pub labels: Vec<String>,
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean of the classes' F1.
    pub macro_f1: f64,
    /// Area under the ROC curve, of class 1, or the mean over classes one against the rest.
    pub auc: Option<f64>,
    /// Mean negative log-likelihood of the labels, in nats.
    pub negative_log_likelihood: f64,
    /// Expected calibration error, 15 bins.
    pub expected_calibration_error: f64,
    /// The bins it is taken over that hold a row, by increasing confidence.
    pub calibration: Vec<CalibrationBin>,
    /// Share of all rows answered as the teacher answers, where its signals are given.
    pub agreement: Option<f64>,
    /// Rows by label and answer: `confusion[label][answer]`.
    pub confusion: Vec<Vec<u64>>,
    /// Microseconds a text, tokenising included, as measured in this run.
    pub microseconds_per_text: f64,
}

/// Why a model could not be evaluated.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// The model could not answer.
    #[error(transparent)]
    Answer(#[from] PredictError),
    /// Answers and labels do not fit.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Costs and classes do not fit.
    #[error("{} given, but there are {classes} classes", counted(*found, "cost"))]
    Costs {
        /// Costs.
        found: usize,
        /// Classes.
        classes: usize,
    },
    /// There is nothing to compare the answers with.
    #[error("`{}` has no labels, but accuracy needs some", file.display())]
    NoLabels {
        /// The file.
        file: std::path::PathBuf,
    },
}

/// Answers every row of `data`; `progress` is called with the number of rows that are done.
///
/// # Errors
/// [`PredictError::Cancelled`] soon after `cancel` is set.
pub fn answer(
    model: &dyn Predictor,
    data: &Dataset,
    progress: &mut dyn FnMut(usize),
    cancel: &AtomicBool,
) -> Result<Answers, PredictError> {
    let rows: Vec<usize> = (0..data.rows()).collect();
    let mut logits = Vec::with_capacity(rows.len() * model.labels().len());
    let mut elapsed = Duration::ZERO;
    let mut done = 0;
    for chunk in rows.chunks(CHUNK) {
        let table = data.table().select(chunk);
        if cancel.load(Ordering::Relaxed) {
            return Err(PredictError::Cancelled { done, rows: rows.len() });
        }
        let start = Instant::now();
        logits.extend(model.logits(&table)?);
        elapsed += start.elapsed();
        done += chunk.len();
        progress(done);
    }
    Ok(Answers { logits, elapsed })
}

/// How long `model` takes for all of `data`, from its time for the first texts: encoders take minutes for them all.
pub fn time(model: &dyn Predictor, data: &Dataset, cancel: &AtomicBool) -> Result<Duration, PredictError> {
    let rows = TIMED_TEXTS.min(data.rows());
    let some = data.select(&(0..rows).collect::<Vec<_>>());
    let answers = answer(model, &some, &mut |_| {}, cancel)?;
    Ok(answers.elapsed.mul_f64(data.rows() as f64 / rows as f64))
}

/// Share of the labelled rows of `data` that `model` answers rightly.
///
/// # Errors
/// As [`answer`] and [`report`].
pub fn accuracy(model: &dyn Predictor, data: &Dataset, cancel: &AtomicBool) -> Result<f64, EvaluateError> {
    Ok(report(&answer(model, data, &mut |_| {}, cancel)?, data, None)?.accuracy)
}

/// Holds answers against the labels of `data`, whose classes must be those of the model, and against the
/// teacher's logits `[rows, classes]`.
pub fn report(answers: &Answers, data: &Dataset, teacher: Option<&[f32]>) -> Result<Report, EvaluateError> {
    let names = data.label_names();
    let classes = names.len();
    let (labels, logits) = labelled(answers, data)?;
    let evaluation = Evaluation::from_logits(&logits, classes, &labels)?;
    Ok(Report {
        rows: data.rows(),
        labelled_rows: labels.len(),
        labels: names.to_vec(),
        accuracy: evaluation.accuracy(),
        macro_f1: evaluation.macro_f1(),
        auc: evaluation.auc(),
        negative_log_likelihood: evaluation.negative_log_likelihood(),
        expected_calibration_error: evaluation.expected_calibration_error(),
        calibration: evaluation.calibration(),
        agreement: teacher.map(|teacher| agreement(&answers.logits, teacher, classes)).transpose()?,
        confusion: evaluation.confusion().chunks_exact(classes).map(<[u64]>::to_vec).collect(),
        microseconds_per_text: answers.elapsed.as_secs_f64() * 1e6 / data.rows() as f64,
    })
}

/// The labels and logits of the rows that have a label.
fn labelled(answers: &Answers, data: &Dataset) -> Result<(Vec<u32>, Vec<f32>), EvaluateError> {
    let no_labels = || EvaluateError::NoLabels { file: data.file().to_owned() };
    let labels = data.labels().ok_or_else(no_labels)?;
    let labelled = labels.iter().zip(answers.logits.chunks_exact(data.label_names().len()));
    let (labels, logits): (Vec<u32>, Vec<&[f32]>) =
        labelled.filter_map(|(label, logits)| label.map(|label| (label, logits))).unzip();
    Ok((labels, logits.concat()))
}

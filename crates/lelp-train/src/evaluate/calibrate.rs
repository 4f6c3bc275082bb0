//! The temperature of a model's answers to labelled rows.

use lelp::CalibrationTemperature;
use lelp::metrics::Evaluation;
use lelp_data::Dataset;
use lelp_model::{Calibration, CalibrationFigures};

use super::{Answers, EvaluateError, labelled};

/// Fits the temperature on the labelled rows of `data`; `answers` are those of the model without a calibration.
///
/// # Errors
/// [`EvaluateError`] if there are no labels.
pub fn calibrate(answers: &Answers, data: &Dataset) -> Result<Calibration, EvaluateError> {
    let classes = data.label_names().len();
    let (labels, mut logits) = labelled(answers, data)?;
    let temperature = CalibrationTemperature::fit(&logits, classes, &labels)?;
    let figures = |logits: &[f32]| -> Result<CalibrationFigures, EvaluateError> {
        let evaluation = Evaluation::from_logits(logits, classes, &labels)?;
        Ok(CalibrationFigures {
            negative_log_likelihood: evaluation.negative_log_likelihood(),
            expected_calibration_error: evaluation.expected_calibration_error(),
            accuracy: evaluation.accuracy(),
        })
    };
    let before = figures(&logits)?;
    temperature.apply(&mut logits);
    Ok(Calibration { temperature, rows: labels.len(), before, after: figures(&logits)? })
}

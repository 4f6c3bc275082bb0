//! A student that answers texts with probabilities.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use lelp_core::ngram::{NgramBytesError, NgramScratch, NgramStudent};
use lelp_core::{Text, log_sum_exp};
use serde_json::Value;

/// An n-gram student, and the buffers that it answers with.
#[derive(Debug)]
pub struct Classifier {
    student: NgramStudent,
    /// What logits are divided by.
    temperature: f64,
    scratch: NgramScratch,
    probabilities: Vec<f32>,
}

/// Why bytes are no student.
#[derive(Debug)]
pub enum ClassifierError {
    /// Configuration or weights are wrong.
    Student(NgramBytesError),
    /// The calibration holds no temperature above 0.
    Calibration,
}

impl fmt::Display for ClassifierError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Student(error) => error.fmt(out),
            Self::Calibration => out.write_str("`calibration.json` holds no temperature above 0"),
        }
    }
}

impl Error for ClassifierError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Student(error) => error.source(),
            Self::Calibration => None,
        }
    }
}

impl Classifier {
    /// The student whose folder has these files: `config.json`, `model.safetensors` and, if it is calibrated,
    /// `calibration.json`.
    ///
    /// # Errors
    /// [`ClassifierError`] says which of them is wrong.
    pub fn from_bytes(
        config: &[u8],
        weights: Vec<u8>,
        calibration: Option<&[u8]>,
    ) -> Result<Self, ClassifierError> {
        let student =
            NgramStudent::from_bytes(config, &(Arc::new(weights) as _)).map_err(ClassifierError::Student)?;
        let temperature = match calibration {
            None => 1.0,
            Some(bytes) => temperature(bytes).ok_or(ClassifierError::Calibration)?,
        };
        let (scratch, probabilities) = (student.scratch(), vec![0.0; student.config().classes()]);
        Ok(Self { student, temperature, scratch, probabilities })
    }

    /// Names of the classes, in the order of the probabilities.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.student.config().labels
    }

    /// Probabilities of the classes for a text, or a pair of texts.
    pub fn probabilities(&mut self, text: &Text<'_>) -> &[f32] {
        self.student.class_logits(text, &mut self.scratch, &mut self.probabilities);
        for logit in &mut self.probabilities {
            *logit = (f64::from(*logit) / self.temperature) as f32;
        }
        let normaliser = log_sum_exp(self.probabilities.iter().copied());
        for logit in &mut self.probabilities {
            *logit = (*logit - normaliser).exp();
        }
        &self.probabilities
    }
}

fn temperature(calibration: &[u8]) -> Option<f64> {
    let calibration: Value = serde_json::from_slice(calibration).ok()?;
    let temperature = calibration.get("temperature")?.as_f64()?;
    (temperature > 0.0 && temperature.is_finite()).then_some(temperature)
}

//! A student that answers texts with probabilities.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use lelp_core::ngram::{Bytes, NgramBytesError, NgramScratch, NgramStudent};
use lelp_core::static_embeddings::{StaticBytesError, StaticStudent, StaticStudentScratch};
use lelp_core::{Text, log_sum_exp};
use serde_json::Value;

/// A student, and the buffers that it answers with.
#[derive(Debug)]
pub struct Classifier {
    student: Student,
    /// What logits are divided by.
    temperature: f64,
    probabilities: Vec<f32>,
}

/// A student of a kind that runs in a browser, with its buffers.
#[derive(Debug)]
enum Student {
    Ngram(Box<NgramStudent>, Box<NgramScratch>),
    Static(Box<StaticStudent>, Box<StaticStudentScratch>),
}

impl Student {
    /// The student of these files: a static one where `config` says so, else an n-gram student.
    fn from_bytes(config: &[u8], weights: &Bytes) -> Result<Self, ClassifierError> {
        let described: Value = serde_json::from_slice(config).unwrap_or_default();
        if described.get("model").and_then(Value::as_str) == Some("static") {
            let student = StaticStudent::from_bytes(config, weights).map_err(ClassifierError::Static)?;
            let scratch = Box::new(student.scratch());
            return Ok(Self::Static(Box::new(student), scratch));
        }
        let student = NgramStudent::from_bytes(config, weights).map_err(ClassifierError::Student)?;
        let scratch = Box::new(student.scratch());
        Ok(Self::Ngram(Box::new(student), scratch))
    }

    fn labels(&self) -> &[String] {
        match self {
            Self::Ngram(student, _) => &student.config().labels,
            Self::Static(student, _) => &student.config().labels,
        }
    }

    fn class_logits(&mut self, text: &Text<'_>, logits: &mut [f32]) {
        match self {
            Self::Ngram(student, scratch) => student.class_logits(text, scratch, logits),
            Self::Static(student, scratch) => student.class_logits(text, scratch, logits),
        }
    }
}

/// Why bytes are no student.
#[derive(Debug)]
pub enum ClassifierError {
    /// Configuration or weights are wrong.
    Student(NgramBytesError),
    /// Those of a static student are.
    Static(StaticBytesError),
    /// The calibration holds no temperature above 0.
    Calibration,
}

impl fmt::Display for ClassifierError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Student(error) => error.fmt(out),
            Self::Static(error) => error.fmt(out),
            Self::Calibration => out.write_str("`calibration.json` holds no temperature above 0"),
        }
    }
}

impl Error for ClassifierError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Student(error) => error.source(),
            Self::Static(error) => error.source(),
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
        let weights: Bytes = Arc::new(weights);
        let student = Student::from_bytes(config, &weights)?;
        let temperature = match calibration {
            None => 1.0,
            Some(bytes) => temperature(bytes).ok_or(ClassifierError::Calibration)?,
        };
        let probabilities = vec![0.0; student.labels().len()];
        Ok(Self { student, temperature, probabilities })
    }

    /// Names of the classes, in the order of the probabilities.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.student.labels()
    }

    /// Probabilities of the classes for a text, or a pair of texts.
    pub fn probabilities(&mut self, text: &Text<'_>) -> &[f32] {
        self.student.class_logits(text, &mut self.probabilities);
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

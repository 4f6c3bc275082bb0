//! A temperature beside a model, which makes its probabilities as likely right as they say.

use std::path::Path;

use lelp::CalibrationTemperature;
use lelp_data::storage::{self, FileError};
use lelp_data::{BoundedJsonError, Table, Text, read_json_if_there};
use serde::{Deserialize, Serialize};

use crate::encoder::Encoder;
use crate::model_kind::LoadedModel;
use crate::predict_error::PredictError;
use crate::predictor::{Predictor, Scratch, Teacher};
use crate::schema::ModelSchema;

/// In a model's folder: the temperature that was fitted, and what it changed.
pub(crate) const FILE: &str = "calibration.json";

/// How a model was calibrated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What the model's logits are divided by.
    pub temperature: CalibrationTemperature,
    /// Labelled rows that it was fitted on.
    pub rows: usize,
    /// Figures on these rows without it.
    pub before: CalibrationFigures,
    /// Figures on these rows with it.
    pub after: CalibrationFigures,
}

/// How good probabilities are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationFigures {
    /// Mean negative log-likelihood of the labels, in nats.
    pub negative_log_likelihood: f64,
    /// Expected calibration error, 15 bins.
    pub expected_calibration_error: f64,
    /// Share of right answers, which a temperature does not change.
    pub accuracy: f64,
}

impl Calibration {
    /// The calibration of the model in `folder`, if it has one.
    pub fn of(folder: &Path) -> Result<Option<Self>, BoundedJsonError> {
        read_json_if_there(&folder.join(FILE))
    }

    /// Puts it beside the model in `folder`: whoever loads the model has it.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        storage::write(&folder.join(FILE), &storage::pretty_json(self))
    }
}

/// A model that divides its logits by a temperature. As a teacher it gives them as they are, beside its embeddings.
#[derive(Debug)]
pub(crate) struct CalibratedModel {
    model: LoadedModel,
    temperature: CalibrationTemperature,
}

impl CalibratedModel {
    /// The model in `folder` with the calibration that stands beside it.
    pub(crate) fn of(model: LoadedModel, folder: &Path) -> Result<LoadedModel, BoundedJsonError> {
        Ok(match Calibration::of(folder)? {
            None => model,
            Some(Calibration { temperature, .. }) => Box::new(Self { model, temperature }),
        })
    }

    fn calibrated(&self, logits: Result<Vec<f32>, PredictError>) -> Result<Vec<f32>, PredictError> {
        let mut logits = logits?;
        self.temperature.apply(&mut logits);
        Ok(logits)
    }
}

impl Predictor for CalibratedModel {
    fn kind(&self) -> &'static str {
        self.model.kind()
    }

    fn labels(&self) -> &[String] {
        self.model.labels()
    }

    fn answers_in_microseconds(&self) -> bool {
        self.model.answers_in_microseconds()
    }

    fn schema(&self) -> &ModelSchema {
        self.model.schema()
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        self.calibrated(self.model.logits(table))
    }

    fn scratch(&self) -> Scratch {
        self.model.scratch()
    }

    fn text_logits(
        &self,
        text: &Text<'_>,
        scratch: &mut Scratch,
        logits: &mut [f32],
    ) -> Result<(), PredictError> {
        self.model.text_logits(text, scratch, logits)?;
        self.temperature.apply(logits);
        Ok(())
    }

    fn teacher(&self) -> Option<&dyn Teacher> {
        self.model.teacher()
    }

    fn encoder(&self) -> Option<&Encoder> {
        self.model.encoder()
    }

    fn logits_of_texts(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, PredictError> {
        self.calibrated(self.model.logits_of_texts(texts))
    }
}

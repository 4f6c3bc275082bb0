//! The baseline that answers.

use lelp_data::{Table, Text};
use thiserror::Error;

use super::KIND;
use super::terms::TermScratch;
use super::vocabulary::Vocabulary;
use crate::predict_error::PredictError;
use crate::predictor::Predictor;
use crate::schema::ModelSchema;

/// Terms with their weights.
///
/// # Shapes
/// `weight` `[terms, outputs]`; `bias` `[outputs]`. Two classes have
/// one output, the logit of the second against 0; more have one each.
#[derive(Debug, Clone)]
pub struct TfidfModel {
    labels: Vec<String>,
    vocabulary: Vocabulary,
    weight: Vec<f32>,
    bias: Vec<f32>,
    schema: ModelSchema,
}

/// The parts do not fit together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TfidfModelError {
    /// Fewer than two classes.
    #[error("{0} label(s): a classifier needs 2 or more")]
    TooFewLabels(usize),
    /// An array of another length.
    #[error("`{name}` holds {given} values, not {wanted}")]
    Length {
        /// The array.
        name: &'static str,
        /// Values given.
        given: usize,
        /// Values wanted.
        wanted: usize,
    },
    /// Keys that are not sorted, or not distinct.
    #[error("key {0} is not above the one before it")]
    Keys(usize),
    /// A value that is not a number.
    #[error("value {place} of `{name}` is {value}")]
    NotFinite {
        /// The array.
        name: &'static str,
        /// Where.
        place: usize,
        /// The value.
        value: f32,
    },
}

/// Buffers of a prediction, reused from text to text.
#[derive(Debug, Clone, Default)]
pub struct TfidfScratch {
    terms: TermScratch,
    known: Vec<(usize, f32)>,
    outputs: Vec<f32>,
}

impl TfidfModel {
    /// Puts a model together; every shape is held against the others.
    ///
    /// # Errors
    /// [`TfidfModelError`] names the array.
    pub fn new(
        labels: Vec<String>,
        vocabulary: Vocabulary,
        weight: Vec<f32>,
        bias: Vec<f32>,
    ) -> Result<Self, TfidfModelError> {
        let outputs = match labels.len() {
            classes @ 0..2 => return Err(TfidfModelError::TooFewLabels(classes)),
            2 => 1,
            classes => classes,
        };
        let Vocabulary { keys, idf } = &vocabulary;
        let weights = keys.len().saturating_mul(outputs);
        for (name, values, wanted) in
            [("idf", idf, keys.len()), ("weight", &weight, weights), ("bias", &bias, outputs)]
        {
            if values.len() != wanted {
                return Err(TfidfModelError::Length { name, given: values.len(), wanted });
            }
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                return Err(TfidfModelError::NotFinite { name, place, value: values[place] });
            }
        }
        if let Some(place) = keys.windows(2).position(|keys| keys[0] >= keys[1]) {
            return Err(TfidfModelError::Keys(place + 1));
        }
        Ok(Self { labels, vocabulary, weight, bias, schema: ModelSchema::text_or_pair() })
    }

    /// The terms.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Weights, `[terms, outputs]`.
    #[must_use]
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// Biases.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Class logits of one text into `logits` `[classes]`.
    ///
    /// # Panics
    /// If `logits` does not hold one value a class.
    pub fn class_logits(&self, text: &Text<'_>, scratch: &mut TfidfScratch, logits: &mut [f32]) {
        assert_eq!(logits.len(), self.labels.len(), "one logit for each class");
        let TfidfScratch { terms, known, outputs } = scratch;
        self.vocabulary.weigh(terms.count(text), known);
        outputs.clear();
        outputs.extend_from_slice(&self.bias);
        for &(term, value) in known.iter() {
            let weights = &self.weight[term * outputs.len()..][..outputs.len()];
            outputs.iter_mut().zip(weights).for_each(|(output, weight)| *output += value * weight);
        }
        match outputs.as_slice() {
            &[logit] => logits.copy_from_slice(&[0.0, logit]),
            outputs => logits.copy_from_slice(outputs),
        }
    }
}

impl Predictor for TfidfModel {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn schema(&self) -> &ModelSchema {
        &self.schema
    }

    fn logits(&self, table: &Table) -> Result<Vec<f32>, PredictError> {
        let table = self.schema.fit(table)?;
        let classes = self.labels.len();
        let (mut scratch, mut logits) = (TfidfScratch::default(), vec![0.0; table.rows() * classes]);
        for (text, logits) in table.texts()?.zip(logits.chunks_exact_mut(classes)) {
            self.class_logits(&text, &mut scratch, logits);
        }
        PredictError::check(&logits)?;
        Ok(logits)
    }
}

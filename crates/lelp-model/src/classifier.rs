//! What every model that answers has in common.

use lelp_data::Text;
use thiserror::Error;

/// A model that gives class logits for texts.
pub trait Classifier: Send + Sync {
    /// Names of the classes, in the order of the logits.
    fn labels(&self) -> &[String];

    /// Class logits of `texts`, `[texts.len(), classes]`, row-major; a student's subclasses are collapsed.
    fn logits(&self, texts: &[Text<'_>]) -> Result<Vec<f32>, AnswerError>;
}

/// Why a model could not answer.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The tokenizer refused a text.
    #[error("text {index} could not be tokenised: {reason}")]
    Tokenize {
        /// Place of the text in the batch.
        index: usize,
        /// The tokenizer's own words.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("cancelled after {done} of {texts} texts")]
    Cancelled {
        /// Texts that were done.
        done: usize,
        /// Texts that were asked for.
        texts: usize,
    },
    /// The graph could not be run.
    #[error("the encoder graph failed: {reason}")]
    Graph {
        /// The engine's own words.
        reason: String,
    },
}

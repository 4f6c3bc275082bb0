//! `POST /predict`, as text-embeddings-inference has it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sequences::{Batch, Inputs};
use super::{Prediction, Reply, object, predictions};
use crate::admission::Call;
use crate::refusal::Refusal;

/// Texts to classify.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PredictRequest {
    /// A string; two strings, which are a pair to a model of pairs and a batch to others; or a list of lists of one or two.
    #[schema(value_type = Value, example = json!([["where is my card?"], ["I like you"]]))]
    inputs: Inputs,
    /// Scores are logits, not probabilities.
    #[serde(default)]
    raw_scores: bool,
    /// Texts that are too long are cut, not refused.
    #[serde(default)]
    truncate: Option<bool>,
}

/// The classes of the text, or of each text of a batch, by decreasing score.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum PredictResponse<'a> {
    One(Vec<Prediction<'a>>),
    Many(Vec<Vec<Prediction<'a>>>),
}

/// An error of text-embeddings-inference.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "the description names what a refusal writes")]
pub(crate) struct TextEmbeddingsError {
    error: String,
    #[schema(example = "Validation")]
    error_type: String,
}

/// Classifies a text, a pair of texts, or a batch of them.
#[utoipa::path(post, path = "/predict", tag = "text-embeddings-inference", request_body = PredictRequest, responses(
    (status = 200, description = "Classes by decreasing score", body = PredictResponse),
    (status = 400, description = "No JSON, or no text", body = TextEmbeddingsError),
    (status = 413, description = "The body, a text or the batch is too large", body = TextEmbeddingsError),
    (status = 422, description = "Another shape, or not what the model reads", body = TextEmbeddingsError),
    (status = 424, description = "The model failed", body = TextEmbeddingsError),
    (status = 429, description = "There is no room now", body = TextEmbeddingsError),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    let request: PredictRequest = object::read(&call.body)?;
    let (texts, one) = match request.inputs.batch(call.model.columns.reads_pairs())? {
        Batch::One(text) => (vec![text], true),
        Batch::Many(texts) => (texts, false),
    };
    let scores = call.scores_of_texts(texts, request.truncate.unwrap_or(false)).await?;
    let probabilities = if request.raw_scores { Vec::new() } else { scores.probabilities() };
    let values = if request.raw_scores { scores.logits() } else { &probabilities };
    let labels = call.model.labels();
    let mut answers = values.chunks_exact(labels.len()).map(|row| predictions(labels, row));
    let response = match answers.next() {
        Some(answer) if one => PredictResponse::One(answer),
        first => PredictResponse::Many(first.into_iter().chain(answers).collect()),
    };
    Ok(Reply::json(scores.rows(), &response))
}

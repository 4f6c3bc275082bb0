//! `POST /classify`, as vLLM has it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Reply;
use super::object;
use super::sequences::{Batch, Inputs};
use crate::admission::Call;
use crate::refusal::Refusal;

/// Texts to classify.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ClassifyRequest {
    /// The name of the model; it need not be given.
    model: Option<String>,
    /// A string, or a list of strings; of pairs, a list of lists of two.
    #[schema(value_type = Value, example = json!(["where is my card?"]))]
    input: Inputs,
}

/// The class of each text, with all probabilities.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifyResponse<'a> {
    id: String,
    #[schema(example = "list")]
    object: &'static str,
    created: u64,
    model: &'a str,
    data: Vec<Classified<'a>>,
    usage: Usage,
}

/// The class of one text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Classified<'a> {
    index: usize,
    label: &'a str,
    probs: &'a [f32],
    num_classes: usize,
}

/// Tokens, of which none are counted.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
    completion_tokens: usize,
    prompt_tokens_details: Option<u8>,
}

/// Classifies texts.
#[utoipa::path(post, path = "/classify", tag = "vLLM", request_body = ClassifyRequest, responses(
    (status = 200, description = "Class and probabilities of each text", body = ClassifyResponse),
    (status = 400, description = "No JSON, another shape, or not what the model reads"),
    (status = 404, description = "Another model"),
    (status = 413, description = "The body, a text or the batch is too large"),
    (status = 429, description = "There is no room now"),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    let request: ClassifyRequest = object::read(&call.body)?;
    if let Some(model) = &request.model {
        call.check_model(model)?;
    }
    // A list of strings is a batch here, whatever the model reads.
    let texts = match request.input.batch(false)? {
        Batch::One(text) => vec![text],
        Batch::Many(texts) => texts,
    };
    let scores = call.scores_of_texts(texts, false).await?;
    let (labels, probabilities) = (call.model.labels(), scores.probabilities());
    let data = scores.answers().zip(probabilities.chunks_exact(labels.len())).enumerate();
    let data = data.map(|(index, (class, probs))| Classified {
        index,
        label: &labels[class],
        probs,
        num_classes: labels.len(),
    });
    let response = ClassifyResponse {
        id: format!("classify-{}", call.service.next_number()),
        object: "list",
        created: crate::clock::seconds_since_1970(),
        model: &call.model.name,
        data: data.collect(),
        usage: Usage::default(),
    };
    Ok(Reply::json(scores.rows(), &response))
}

//! `POST /`, as Hugging Face's inference API and its client have it: always a list of lists.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object::{self, Object};
use super::{Prediction, Reply, predictions};
use crate::admission::Call;
use crate::owned_text::OwnedText;
use crate::refusal::Refusal;

/// Texts to classify, and how.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ClassificationRequest {
    /// A string, `{"text", "text_pair"}`, or a list of them, in which a list of two strings is a pair too.
    #[schema(value_type = Value, example = "I like you")]
    inputs: TextInputs,
    /// How they are answered.
    #[schema(value_type = ClassificationParameters)]
    parameters: Option<Object<ClassificationParameters>>,
}

/// How texts are answered.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ClassificationParameters {
    /// Only so many of the classes.
    top_k: Option<usize>,
    /// What scores are: probabilities by `softmax` (the default), each logit's `sigmoid`, or logits (`none`).
    function_to_apply: Option<FunctionToApply>,
    /// Texts that are too long are cut, not refused.
    truncation: Option<bool>,
}

/// What is done to logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FunctionToApply {
    Softmax,
    Sigmoid,
    None,
}

/// One text, or several: a list of two strings is two texts, and inside another list it is a pair.
#[derive(Debug)]
struct TextInputs(Vec<OwnedText>);

/// What stands in a list. A struct that serde derives would read a list as one too.
#[derive(Debug)]
struct TextInput(OwnedText);

impl<'de> Deserialize<'de> for TextInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TextInput;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, {\"text\", \"text_pair\"}, or a list of one or two strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TextInput, E> {
                Ok(TextInput(OwnedText::single(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextInput, A::Error> {
                let Pair { text, text_pair } = Pair::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TextInput(OwnedText { text, pair: text_pair }))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<TextInput, A::Error> {
                let Some(text) = sequence.next_element()? else {
                    return Err(A::Error::invalid_length(0, &self));
                };
                let pair = sequence.next_element()?;
                if sequence.next_element::<String>()?.is_some() {
                    return Err(A::Error::invalid_length(3, &self));
                }
                Ok(TextInput(OwnedText { text, pair }))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for TextInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TextInputs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, {\"text\", \"text_pair\"}, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TextInputs, E> {
                Ok(TextInputs(vec![OwnedText::single(text.to_owned())]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextInputs, A::Error> {
                let TextInput(text) = TextInput::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TextInputs(vec![text]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<TextInputs, A::Error> {
                let mut texts = Vec::new();
                while let Some(TextInput(text)) = sequence.next_element()? {
                    texts.push(text);
                }
                Ok(TextInputs(texts))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    text: String,
    text_pair: Option<String>,
}

/// The classes of each text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassificationResponse<'a>(Vec<Vec<Prediction<'a>>>);

/// Classifies texts.
#[utoipa::path(post, path = "/", tag = "Hugging Face", request_body = ClassificationRequest, responses(
    (status = 200, description = "For each text, classes by decreasing score", body = ClassificationResponse),
    (status = 400, description = "No JSON, or another shape"),
    (status = 422, description = "A pair to a model of single texts, or a single text to one of pairs"),
    (status = 413, description = "The body, a text or the batch is too large"),
    (status = 429, description = "There is no room now"),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    let request: ClassificationRequest = object::read(&call.body)?;
    let parameters = request.parameters.map_or_else(Default::default, |Object(parameters)| parameters);
    let ClassificationParameters { top_k, function_to_apply, truncation } = parameters;
    if top_k == Some(0) {
        return Err(Refusal::shape("`top_k` is 0; ask for at least 1 class").at("parameters.top_k"));
    }
    let TextInputs(texts) = request.inputs;
    let scores = call.scores_of_texts(texts, truncation.unwrap_or(false)).await?;
    let values = match function_to_apply.unwrap_or(FunctionToApply::Softmax) {
        FunctionToApply::Softmax => scores.probabilities(),
        FunctionToApply::Sigmoid => {
            scores.logits().iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
        }
        FunctionToApply::None => scores.logits().to_vec(),
    };
    let labels = call.model.labels();
    let answers = values.chunks_exact(labels.len()).map(|row| {
        let mut predictions = predictions(labels, row);
        predictions.truncate(top_k.unwrap_or(labels.len()));
        predictions
    });
    Ok(Reply::json(scores.rows(), &ClassificationResponse(answers.collect())))
}

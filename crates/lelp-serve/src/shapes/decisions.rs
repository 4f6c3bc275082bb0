//! `POST /v1/decisions`, as OpenAI has it, for the one question that the model answers: which of its classes.
//!
//! A `choice` is answered where its choices are the classes; a `score` where its levels are the classes, the lowest first;
//! a `predicate` by a model of two classes, as the probability of the second.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Reply;
use super::object::{self, Object};
use crate::admission::Call;
use crate::owned_text::OwnedText;
use crate::refusal::Refusal;
use crate::rows::Rows;

/// Questions about an input.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DecisionsRequest {
    /// The name of the model.
    model: String,
    /// A text, or messages: the texts of the user's messages, or one part `input_json` with the model's columns.
    #[schema(value_type = Value, example = "where is my card?")]
    input: DecisionInput,
    /// 1 to 400 questions.
    #[schema(value_type = Vec<Question>)]
    questions: Vec<Object<Question>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`input` must be a string or a list of messages with `role` and `content`")]
enum DecisionInput {
    Text(String),
    Messages(Vec<Object<Message>>),
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`content` must be a string or a list of parts with `type`")]
enum Content {
    Text(String),
    Parts(Vec<Object<Part>>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    InputText { text: String },
    InputJson { data: Map<String, Value> },
}

/// A question; what it says in words is not read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Question {
    /// Whether it is the second of two classes.
    Predicate { name: Option<String> },
    /// Which class it is.
    Choice {
        name: Option<String>,
        #[schema(value_type = Vec<Choice>)]
        choices: Vec<Object<Choice>>,
    },
    /// Where it stands among the classes, the lowest first.
    Score {
        name: Option<String>,
        #[schema(value_type = Vec<ScoreLevel>)]
        levels: Vec<Object<ScoreLevel>>,
    },
}

/// A choice, which must be a class.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Choice {
    value: String,
}

/// A level, which must be a class.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ScoreLevel {
    label: String,
}

/// Answers in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionsResponse<'a> {
    model: &'a str,
    answers: Vec<Answer<'a>>,
    usage: Usage,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Answer<'a> {
    Predicate {
        name: Option<&'a str>,
        probability: f32,
    },
    Choice {
        name: Option<&'a str>,
        choice: &'a str,
        confidence: f32,
        probabilities: Vec<ChoiceProbability<'a>>,
    },
    Score {
        name: Option<&'a str>,
        score: f32,
        confidence: f32,
        probabilities: Vec<LevelProbability<'a>>,
    },
}

/// The probability of a choice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChoiceProbability<'a> {
    value: &'a str,
    probability: f32,
}

/// The probability of a level.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LevelProbability<'a> {
    label: &'a str,
    value: usize,
    probability: f32,
}

/// Tokens, of which none are counted.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Usage {
    input_tokens: usize,
    input_tokens_details: InputTokens,
    output_tokens: usize,
    output_tokens_details: OutputTokens,
    total_tokens: usize,
}

/// Of the input tokens.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct InputTokens {
    cached_tokens: usize,
    cache_write_tokens: usize,
}

/// Of the output tokens.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct OutputTokens {
    reasoning_tokens: usize,
}

/// Most questions of a request.
const MOST_QUESTIONS: usize = 400;

/// Answers the model's own question about an input.
#[utoipa::path(post, path = "/v1/decisions", tag = "OpenAI", request_body = DecisionsRequest, responses(
    (status = 200, description = "Answers in the order of the questions", body = DecisionsResponse),
    (status = 400, description = "No JSON, or a question that the model does not answer"),
    (status = 404, description = "Another model"),
    (status = 413, description = "The body or the text is too large"),
    (status = 429, description = "There is no room now"),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    let request: DecisionsRequest = object::read(&call.body)?;
    call.check_model(&request.model)?;
    let labels = call.model.labels();
    let asked = request.questions.len();
    if !(1..=MOST_QUESTIONS).contains(&asked) {
        let message = format!("there are {asked} questions; ask 1 to {MOST_QUESTIONS}");
        return Err(Refusal::shape(message).at("questions"));
    }
    for (place, Object(question)) in request.questions.iter().enumerate() {
        question.check(labels).map_err(|refusal| refusal.at(format!("questions[{place}]")))?;
    }
    let rows = rows_of(request.input, &call)?;
    let probabilities = call.scores(rows).await?.probabilities();
    let questions = request.questions.iter();
    let answers = questions.map(|Object(question)| question.answer(labels, &probabilities));
    let response =
        DecisionsResponse { model: &call.model.name, answers: answers.collect(), usage: Usage::default() };
    Ok(Reply::json(1, &response))
}

/// The one row that is asked about.
fn rows_of(input: DecisionInput, call: &Call) -> Result<Rows, Refusal> {
    let limits = &call.service.settings.limits;
    let of_text = |text| Rows::of_texts(vec![OwnedText::single(text)], false, &call.model.columns, limits);
    let messages = match input {
        DecisionInput::Text(text) => return of_text(text),
        DecisionInput::Messages(messages) => messages,
    };
    let (mut texts, mut objects) = (Vec::new(), Vec::new());
    for Object(message) in messages.into_iter().filter(|Object(message)| message.role == "user") {
        match message.content {
            Content::Text(text) => texts.push(text),
            Content::Parts(parts) => {
                for Object(part) in parts {
                    match part {
                        Part::InputText { text } => texts.push(text),
                        Part::InputJson { data } => objects.push(data),
                    }
                }
            }
        }
    }
    match (texts.len(), objects.len()) {
        (1.., 0) => of_text(texts.join("\n")),
        (0, 1) => Rows::of_objects(objects, &call.model.columns, limits),
        (texts, objects) => Err(Refusal::shape(format!(
            "the user's messages have {texts} texts and {objects} objects; send texts, or one object of columns"
        ))
        .at("input")),
    }
}

impl Question {
    /// Whether the model answers it; what it does answer, if not.
    fn check(&self, labels: &[String]) -> Result<(), Refusal> {
        let list = labels.join("`, `");
        match self {
            Self::Predicate { .. } if labels.len() == 2 => Ok(()),
            Self::Predicate { .. } => Err(Refusal::shape(format!(
                "the model has {} classes, but a predicate needs 2",
                labels.len()
            ))),
            Self::Choice { choices, .. } => {
                let every =
                    labels.iter().all(|label| choices.iter().any(|Object(choice)| choice.value == *label));
                if every && choices.len() == labels.len() {
                    return Ok(());
                }
                Err(Refusal::shape(format!("the choices of this model are `{list}`, each once")))
            }
            Self::Score { levels, .. } => {
                if levels.iter().map(|Object(level)| &level.label).eq(labels) {
                    return Ok(());
                }
                Err(Refusal::shape(format!("the levels of this model are `{list}`, in this order")))
            }
        }
    }

    /// The answer, from the probabilities of the classes; the question has been checked.
    fn answer<'a>(&'a self, labels: &'a [String], probabilities: &[f32]) -> Answer<'a> {
        let best = lelp::argmax(probabilities);
        let confidence = probabilities[best];
        match self {
            Self::Predicate { name } => {
                Answer::Predicate { name: name.as_deref(), probability: probabilities[1] }
            }
            Self::Choice { name, choices } => {
                let of = |Object(choice): &'a Object<Choice>| {
                    let class = labels.iter().position(|label| *label == choice.value).unwrap_or_default();
                    ChoiceProbability { value: &choice.value, probability: probabilities[class] }
                };
                let probabilities = choices.iter().map(of).collect();
                Answer::Choice { name: name.as_deref(), choice: &labels[best], confidence, probabilities }
            }
            Self::Score { name, .. } => {
                let score = probabilities.iter().enumerate().map(|(level, p)| level as f32 * p).sum();
                let levels = labels.iter().zip(probabilities).enumerate();
                let levels = levels.map(|(value, (label, &probability))| LevelProbability {
                    label,
                    value,
                    probability,
                });
                Answer::Score { name: name.as_deref(), score, confidence, probabilities: levels.collect() }
            }
        }
    }
}

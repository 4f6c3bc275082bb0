//! `POST /v2/models/{model}/infer`: the Open Inference Protocol, version 2, over REST.
//!
//! Inputs are the model's columns by name, one element or vector a row; outputs are `label`, `probabilities` and `logits`.

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue};
use lelp_data::{ColumnKind, ColumnType, ColumnValues, Field};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Reply;
use super::binary_tensors::{numbers, push_string, split, strings, take};
use super::object::{self, Object};
use crate::admission::Call;
use crate::answering::Scores;
use crate::refusal::Refusal;
use crate::rows::{Rows, typed_column};
use crate::served_model::ServedModel;

const HEADER_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

/// The version of every model.
pub(crate) const VERSION: &str = "1";

/// Names and types of the outputs.
const OUTPUTS: [(&str, &str); 3] = [("label", "BYTES"), ("probabilities", "FP32"), ("logits", "FP32")];

/// An inference request.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct InferRequest {
    id: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    #[schema(value_type = Vec<InputTensor>)]
    inputs: Vec<Object<InputTensor>>,
    #[serde(default)]
    #[schema(value_type = Vec<OutputRequest>)]
    outputs: Vec<Object<OutputRequest>>,
}

/// An input.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct InputTensor {
    #[schema(example = "text")]
    name: String,
    shape: Vec<usize>,
    #[schema(example = "BYTES")]
    datatype: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    #[schema(value_type = Value, example = json!(["where is my card?"]))]
    data: Option<Value>,
}

/// An output that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OutputRequest {
    #[schema(example = "probabilities")]
    name: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
}

/// An inference response.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InferResponse<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<OutputTensor<'a>>,
}

/// An output.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutputTensor<'a> {
    name: &'static str,
    datatype: &'static str,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    parameters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<OutputData<'a>>,
}

/// The elements of an output, flat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OutputData<'a> {
    Labels(Vec<&'a str>),
    Numbers(Vec<f32>),
}

/// Classifies the rows of a batch.
#[utoipa::path(post, path = "/v2/models/{model}/infer", tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "The name of the model")), request_body = InferRequest, responses(
    (status = 200, description = "Outputs, as JSON or behind it", body = InferResponse),
    (status = 400, description = "No JSON, an unknown tensor, or one of another type or shape"),
    (status = 404, description = "Another model or version"),
    (status = 413, description = "The body, a text or the number of rows is too large"),
    (status = 429, description = "There is no room now"),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    check_names(call.parameter("model"), call.parameter("version"), &call.model)?;
    let header = call.headers.get(HEADER_LENGTH).and_then(|length| length.to_str().ok());
    let (json, mut tensors) = split(&call.body, header)?;
    let request: InferRequest = object::read(&json)?;
    for Object(output) in &request.outputs {
        if !OUTPUTS.iter().any(|(name, _)| *name == output.name) {
            let message =
                format!("there is no output `{}`; there are {}", output.name, named(OUTPUTS.map(|o| o.0)));
            return Err(Refusal::shape(message).at("outputs"));
        }
    }
    let rows = rows_of(request.inputs, &mut tensors, &call)?;
    let scores = call.scores(rows).await?;
    let all_binary = request.parameters.get("binary_data_output") == Some(&Value::Bool(true));
    let mut binary = Vec::new();
    let outputs = OUTPUTS.iter().filter_map(|&(name, datatype)| {
        let asked = request.outputs.iter().map(|Object(output)| output).find(|output| output.name == name);
        if asked.is_none() && !request.outputs.is_empty() {
            return None;
        }
        let own = asked.and_then(|output| output.parameters.get("binary_data")?.as_bool());
        let into = own.unwrap_or(all_binary).then_some(&mut binary);
        Some(output(name, datatype, &scores, call.model.labels(), into))
    });
    let outputs = outputs.collect();
    let response =
        InferResponse { model_name: &call.model.name, model_version: VERSION, id: request.id, outputs };
    if binary.is_empty() {
        return Ok(Reply::json(scores.rows(), &response));
    }
    let mut body = serde_json::to_vec(&response).expect("answers are made of strings and finite numbers");
    let length = HeaderValue::from(body.len());
    body.append(&mut binary);
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(Reply::bytes(scores.rows(), body, kind).with_header(HEADER_LENGTH, length))
}

/// Refuses another model or version.
pub(crate) fn check_names(
    model: Option<&str>,
    version: Option<&str>,
    served: &ServedModel,
) -> Result<(), Refusal> {
    if let Some(model) = model.filter(|model| *model != served.name) {
        return Err(Refusal::no_model(model, &served.name));
    }
    match version.filter(|version| *version != VERSION) {
        None => Ok(()),
        Some(version) => Err(Refusal::no_model(&format!("{}, version {version}", served.name), &served.name)),
    }
}

/// What the model reads and gives.
pub(crate) fn metadata(model: &ServedModel) -> Value {
    let classes = i64::try_from(model.labels().len()).unwrap_or(i64::MAX);
    let columns = model.columns.needed.iter().chain(&model.columns.optional_pair);
    let inputs = columns.map(|field| match field.kind {
        _ if model.columns.types.contains_key(&field.name) => {
            json!({ "name": field.name, "datatype": "BYTES", "shape": [-1] })
        }
        ColumnKind::Vector { width } => {
            json!({ "name": field.name, "datatype": "FP32", "shape": [-1, width] })
        }
        ColumnKind::Number => json!({ "name": field.name, "datatype": "FP64", "shape": [-1] }),
        _ => json!({ "name": field.name, "datatype": "BYTES", "shape": [-1] }),
    });
    let outputs = OUTPUTS.map(|(name, datatype)| match name {
        "label" => json!({ "name": name, "datatype": datatype, "shape": [-1] }),
        _ => json!({ "name": name, "datatype": datatype, "shape": [-1, classes] }),
    });
    json!({
        "name": model.name, "versions": [VERSION], "platform": format!("lelp_{}", model.answerer.predictor().kind()),
        "inputs": inputs.collect::<Vec<_>>(), "outputs": outputs, "parameters": { "labels": model.labels() },
    })
}

fn named<const N: usize>(names: [&str; N]) -> String {
    names.map(|name| format!("`{name}`")).join(", ")
}

/// The rows that the inputs hold.
fn rows_of(inputs: Vec<Object<InputTensor>>, tensors: &mut Bytes, call: &Call) -> Result<Rows, Refusal> {
    let columns = &call.model.columns;
    let mut found: Vec<(String, ColumnValues)> = Vec::new();
    for Object(input) in inputs {
        let Some(field) = columns.find(&input.name) else {
            let message =
                format!("there is no input `{}`; the model reads {}", input.name, columns.describe());
            return Err(Refusal::shape(message).at("inputs"));
        };
        call.check_count(input.shape.first().copied().unwrap_or(0))?;
        if found.iter().any(|(name, _)| *name == input.name) {
            return Err(Refusal::shape(format!("input `{}` is there twice", input.name)).at("inputs"));
        }
        found.push((
            field.name.clone(),
            input.values(field, columns.types.get(&field.name).copied(), tensors)?,
        ));
    }
    if !tensors.is_empty() {
        let left = tensors.len();
        return Err(Refusal::shape(format!("{left} bytes of binary data belong to no input")).at("inputs"));
    }
    if let Some(field) =
        columns.needed.iter().find(|field| !found.iter().any(|(name, _)| *name == field.name))
    {
        let message = format!("input `{}` ({}) is missing", field.name, field.kind.describe());
        return Err(Refusal::shape(message).at("inputs"));
    }
    let rows = |values: &ColumnValues| match values {
        ColumnValues::Text(texts) | ColumnValues::TextPair(texts) => texts.len(),
        ColumnValues::Vector { width, values } => values.len() / width,
        ColumnValues::Number(numbers) => numbers.len(),
        ColumnValues::Category(words) => words.len(),
    };
    if let [(first, values), others @ ..] = &found[..]
        && let Some((other, differing)) = others.iter().find(|(_, other)| rows(other) != rows(values))
    {
        let (one, two) = (rows(values), rows(differing));
        return Err(Refusal::shape(format!("`{first}` has {one} rows, but `{other}` has {two}")).at("inputs"));
    }
    Rows::of_columns(found, columns, &call.service.settings.limits)
}

impl InputTensor {
    /// The values of a column: `[rows]` or `[rows, 1]`, `[rows, width]` for vectors.
    fn values(
        self,
        field: &Field,
        of: Option<ColumnType>,
        tensors: &mut Bytes,
    ) -> Result<ColumnValues, Refusal> {
        let width = if let ColumnKind::Vector { width } = field.kind { width } else { 1 };
        let fits = match self.shape[..] {
            [_] => width == 1,
            [_, columns] => columns == width,
            _ => false,
        };
        if !fits {
            let (name, found) = (&self.name, &self.shape);
            let message = format!("input `{name}` has the shape {found:?}, but [rows, {width}] is read");
            return Err(Refusal::shape(message).at("inputs"));
        }
        let count = self.shape[0].saturating_mul(width);
        if let Some(of) = of {
            // A tensor has no gaps: an empty string is a missing value.
            return typed_column(of, &field.name, self.strings(count, tensors)?.into_iter().map(Some));
        }
        let is_text = !matches!(field.kind, ColumnKind::Number | ColumnKind::Vector { .. });
        if is_text {
            let texts = self.strings(count, tensors)?;
            return Ok(match field.kind {
                ColumnKind::TextPair => ColumnValues::TextPair(texts),
                ColumnKind::Category => ColumnValues::Category(texts.into_iter().map(Some).collect()),
                _ => ColumnValues::Text(texts),
            });
        }
        let numbers = self.numbers(count, tensors)?;
        Ok(match field.kind {
            ColumnKind::Vector { width } => ColumnValues::Vector {
                width,
                values: numbers.into_iter().map(|value| value as f32).collect(),
            },
            // A tensor has no gaps: what is not a number is a missing one.
            _ => ColumnValues::Number(
                numbers.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect(),
            ),
        })
    }

    /// The tensor's own bytes behind the JSON, where it has some.
    fn binary(&self, tensors: &mut Bytes) -> Result<Option<Bytes>, Refusal> {
        let Some(size) = self.parameters.get("binary_data_size") else { return Ok(None) };
        let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| self.wrong("`binary_data_size` is no whole number"))?;
        take(tensors, &self.name, size).map(Some)
    }

    fn strings(&self, count: usize, tensors: &mut Bytes) -> Result<Vec<String>, Refusal> {
        if self.datatype != "BYTES" {
            return Err(self.wrong(&format!("is {}, but BYTES is read", self.datatype)));
        }
        if let Some(bytes) = self.binary(tensors)? {
            return strings(&bytes, &self.name, count);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.flat(count, "a string", &text)
    }

    fn numbers(&self, count: usize, tensors: &mut Bytes) -> Result<Vec<f64>, Refusal> {
        let name = self.name.as_str();
        match (self.datatype.as_str(), self.binary(tensors)?) {
            ("FP32", Some(bytes)) => numbers(&bytes, name, count, |b| f64::from(f32::from_le_bytes(b))),
            ("FP64", Some(bytes)) => numbers(&bytes, name, count, f64::from_le_bytes),
            ("INT32", Some(bytes)) => numbers(&bytes, name, count, |b| f64::from(i32::from_le_bytes(b))),
            ("INT64", Some(bytes)) => numbers(&bytes, name, count, |b| i64::from_le_bytes(b) as f64),
            ("FP32" | "FP64" | "INT32" | "INT64", None) => self.flat(count, "a number", &Value::as_f64),
            (other, _) => Err(self.wrong(&format!("is {other}, but FP32, FP64, INT32 or INT64 is read"))),
        }
    }

    /// The elements of `data`, which may be nested as the shape says or flat.
    fn flat<T>(
        &self,
        count: usize,
        kind: &str,
        read: &dyn Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, Refusal> {
        let Some(Value::Array(data)) = &self.data else { return Err(self.wrong("has no list `data`")) };
        let leaves = data.iter().flat_map(|value| match value {
            Value::Array(inner) => inner.as_slice(),
            leaf => std::slice::from_ref(leaf),
        });
        let values: Option<Vec<T>> = leaves.map(read).collect();
        let values = values.ok_or_else(|| self.wrong(&format!("has an element that is not {kind}")))?;
        if values.len() == count {
            return Ok(values);
        }
        Err(self.wrong(&format!("has {} elements, but its shape says {count}", values.len())))
    }

    fn wrong(&self, what: &str) -> Refusal {
        Refusal::shape(format!("input `{}` {what}", self.name)).at("inputs")
    }
}

/// An output, its data in `binary` where that is given.
fn output<'a>(
    name: &'static str,
    datatype: &'static str,
    scores: &Scores,
    labels: &'a [String],
    binary: Option<&mut Vec<u8>>,
) -> OutputTensor<'a> {
    let rows = scores.rows();
    let floats = match name {
        "probabilities" => scores.probabilities(),
        _ => scores.logits().to_vec(),
    };
    let shape = if name == "label" { vec![rows] } else { vec![rows, labels.len()] };
    let Some(binary) = binary else {
        let data = match name {
            "label" => OutputData::Labels(scores.answers().map(|class| labels[class].as_str()).collect()),
            _ => OutputData::Numbers(floats),
        };
        return OutputTensor { name, datatype, shape, parameters: None, data: Some(data) };
    };
    let before = binary.len();
    if name == "label" {
        scores.answers().for_each(|class| push_string(binary, &labels[class]));
    } else {
        binary.extend(floats.iter().flat_map(|value| value.to_le_bytes()));
    }
    let parameters = json!({ "binary_data_size": binary.len() - before });
    OutputTensor { name, datatype, shape, parameters: Some(parameters), data: None }
}

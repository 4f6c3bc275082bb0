//! A teacher behind a URL: text-embeddings-inference, Hugging Face's shape, or another service of ours.

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::owned_text::OwnedText;
use crate::refusal::{Refusal, RefusalKind};
use crate::rows::Rows;

/// How long a teacher may take. A client waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes of its answer.
const MOST_BYTES: u64 = 64 << 20;

/// The smallest probability that is told from none: its logarithm is finite.
const LEAST: f32 = 1e-30;

/// A teacher behind a URL.
#[derive(Debug)]
pub(crate) struct RemoteTeacher {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
    /// The student's classes, in order.
    labels: Vec<String>,
}

/// The classes of a row.
#[derive(Debug, Deserialize)]
struct Scored {
    label: String,
    score: f32,
}

/// An answer of `/rows`.
#[derive(Debug, Deserialize)]
struct RowAnswers {
    predictions: Vec<RowAnswer>,
}

#[derive(Debug, Deserialize)]
struct RowAnswer {
    probabilities: Map<String, Value>,
}

impl RemoteTeacher {
    pub(crate) fn new(url: &str, key: Option<String>, labels: Vec<String>) -> Self {
        let agent = ureq::AgentBuilder::new().timeout(PATIENCE).redirects(0).build();
        Self { agent, url: url.to_owned(), key, labels }
    }

    /// Logarithms of the teacher's probabilities, `[rows, classes]`; blocks.
    pub(crate) fn logits(&self, rows: &Rows) -> Result<Vec<f32>, Refusal> {
        let (body, in_rows) = self.body(rows)?;
        let answer = self.post(&body)?;
        let probabilities = if in_rows { self.of_rows(&answer) } else { self.of_lists(&answer) };
        let probabilities = probabilities?;
        if probabilities.len() != rows.len() * self.labels.len() {
            let (found, asked) = (probabilities.len() / self.labels.len(), rows.len());
            return Err(failed(format!("the teacher answered {found} of {asked} rows")));
        }
        Ok(probabilities.into_iter().map(|p| p.max(LEAST).ln()).collect())
    }

    /// The request, and whether it is one to `/rows`.
    fn body(&self, rows: &Rows) -> Result<(Value, bool), Refusal> {
        let in_rows = self.url.ends_with("/rows");
        let body = match rows {
            Rows::Texts(texts) if in_rows => {
                let row = |text: &OwnedText| match &text.pair {
                    None => json!({ "text": text.text }),
                    Some(pair) => json!({ "text": text.text, "text_pair": pair }),
                };
                json!({ "rows": texts.iter().map(row).collect::<Vec<_>>() })
            }
            Rows::Texts(texts) if self.url.ends_with("/predict") => {
                let input = |text: &OwnedText| match &text.pair {
                    None => json!([text.text]),
                    Some(pair) => json!([text.text, pair]),
                };
                json!({ "inputs": texts.iter().map(input).collect::<Vec<_>>(), "truncate": true })
            }
            Rows::Texts(texts) => {
                let input = |text: &OwnedText| match &text.pair {
                    None => json!(text.text),
                    Some(pair) => json!({ "text": text.text, "text_pair": pair }),
                };
                let inputs: Vec<Value> = texts.iter().map(input).collect();
                json!({ "inputs": inputs, "parameters": { "top_k": self.labels.len(), "function_to_apply": "softmax" } })
            }
            Rows::Table(table) if in_rows => {
                let fields = table.schema().fields();
                let object = |row: usize| -> Map<String, Value> {
                    fields
                        .iter()
                        .enumerate()
                        .map(|(place, field)| (field.name.clone(), json!(table.value(row, place))))
                        .collect()
                };
                json!({ "rows": (0..table.rows()).map(object).collect::<Vec<_>>() })
            }
            Rows::Table(_) => return Err(failed("columns are only sent to a teacher's /rows".to_owned())),
        };
        Ok((body, in_rows))
    }

    fn post(&self, body: &Value) -> Result<Vec<u8>, Refusal> {
        let mut request = self.agent.post(&self.url).set("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.set("authorization", &format!("Bearer {key}"));
        }
        let said = match request.send_bytes(body.to_string().as_bytes()) {
            Ok(said) => said,
            Err(ureq::Error::Status(status, said)) => {
                let mut reason = String::new();
                let _ = said.into_reader().take(500).read_to_string(&mut reason);
                return Err(failed(format!("the teacher answered with status {status}: {reason}")));
            }
            Err(ureq::Error::Transport(error)) => {
                return Err(failed(format!("the teacher is not reached: {error}")));
            }
        };
        let mut answer = Vec::new();
        let read = said.into_reader().take(MOST_BYTES).read_to_end(&mut answer);
        read.map_err(|error| failed(format!("the teacher's answer was cut off: {error}")))?;
        Ok(answer)
    }

    fn of_lists(&self, answer: &[u8]) -> Result<Vec<f32>, Refusal> {
        let rows: Vec<Vec<Scored>> = serde_json::from_slice(answer).map_err(|error| unread(&error))?;
        let mut probabilities = Vec::with_capacity(rows.len() * self.labels.len());
        for row in &rows {
            for label in &self.labels {
                let of_label = row.iter().find(|scored| scored.label == *label);
                probabilities.push(of_label.ok_or_else(|| self.other_classes())?.score);
            }
        }
        Ok(probabilities)
    }

    fn of_rows(&self, answer: &[u8]) -> Result<Vec<f32>, Refusal> {
        let rows: RowAnswers = serde_json::from_slice(answer).map_err(|error| unread(&error))?;
        let mut probabilities = Vec::with_capacity(rows.predictions.len() * self.labels.len());
        for row in &rows.predictions {
            for label in &self.labels {
                let of_label = row.probabilities.get(label).and_then(Value::as_f64);
                probabilities.push(of_label.ok_or_else(|| self.other_classes())? as f32);
            }
        }
        Ok(probabilities)
    }

    fn other_classes(&self) -> Refusal {
        failed(format!("the teacher's answer lacks one of the classes `{}`", self.labels.join("`, `")))
    }
}

fn unread(error: &serde_json::Error) -> Refusal {
    failed(format!("the teacher's answer has another shape: {error}"))
}

fn failed(message: String) -> Refusal {
    Refusal::new(RefusalKind::Inference, message)
}

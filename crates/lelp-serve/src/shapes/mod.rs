//! Shapes of requests and answers, a file for each protocol.

pub(crate) mod binary_tensors;
pub(crate) mod classification;
pub(crate) mod classify;
pub(crate) mod decisions;
mod object;
pub(crate) mod open_inference;
pub(crate) mod predict;
mod sequences;
pub(crate) mod table_rows;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer, ready to be sent.
pub(crate) struct Reply {
    body: Bytes,
    headers: HeaderMap,
    texts: usize,
}

/// Texts that were answered, for the log.
#[derive(Clone, Copy)]
pub(crate) struct Texts(pub(crate) usize);

impl Reply {
    /// JSON about `texts` texts.
    pub(crate) fn json(texts: usize, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("answers are made of strings and finite numbers");
        Self::bytes(texts, body, HeaderValue::from_static("application/json"))
    }

    pub(crate) fn bytes(texts: usize, body: Vec<u8>, kind: HeaderValue) -> Self {
        Self { body: body.into(), headers: HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]), texts }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = (self.headers, self.body).into_response();
        response.extensions_mut().insert(Texts(self.texts));
        response
    }
}

/// A class and its score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prediction<'a> {
    /// The probability, or the logit.
    #[schema(example = 0.87)]
    score: f32,
    /// The class.
    #[schema(example = "positive")]
    label: &'a str,
}

/// The classes of one row by decreasing score, equal ones in their order.
fn predictions<'a>(labels: &'a [String], scores: &[f32]) -> Vec<Prediction<'a>> {
    let scored = labels.iter().zip(scores).map(|(label, &score)| Prediction { score, label });
    let mut predictions: Vec<Prediction<'a>> = scored.collect();
    predictions.sort_by(|a, b| b.score.total_cmp(&a.score));
    predictions
}

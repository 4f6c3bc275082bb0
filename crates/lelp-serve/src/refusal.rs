//! Why a request got no answer, and how each shape says so.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lelp::{Classified, ErrorChain, ErrorKind};
use lelp_model::PredictError;
use serde_json::{Value, json};

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: RefusalKind,
    /// A sentence: what is wrong, both numbers, what to do.
    pub(crate) message: String,
    /// The part of the request that is at fault.
    pub(crate) parameter: Option<String>,
}

/// Kinds of refusals, each with its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// No JSON, no UTF-8, or cut off.
    Malformed,
    /// There is no text.
    Empty,
    /// No key, or another one.
    Unauthorized,
    /// There is no such path or model.
    NotFound,
    /// The path is there, but takes another method.
    Method,
    /// The body did not come in time.
    TooSlow,
    /// The body, a text or the number of texts is over its limit.
    TooLarge,
    /// The body is encoded in a way that is not read.
    Encoding,
    /// JSON of another shape, unknown names, or what the model does not read.
    Shape,
    /// A pair to a model of single texts, or the other way round.
    OtherTexts,
    /// A text has no tokens.
    Tokens,
    /// The model failed.
    Inference,
    /// There is no room now.
    Overloaded,
    /// The service is stopping.
    Stopping,
}

/// Why the model failed, beside the response, for the log.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) String);

/// Whose clients a path speaks to, for errors in their shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `{"error", "error_type"}`, with 422 for what cannot be read.
    TextEmbeddings,
    /// `{"error"}`, with 422 for a pair to a model of single texts.
    HuggingFace,
    /// `{"error"}`.
    Plain,
    /// `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
}

impl Dialect {
    /// The dialect of a path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/predict" => Self::TextEmbeddings,
            "/" => Self::HuggingFace,
            "/classify" => Self::OpenAi,
            path if path.starts_with("/v1/") => Self::OpenAi,
            _ => Self::Plain,
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), parameter: None }
    }

    pub(crate) fn shape(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Shape, message)
    }

    pub(crate) fn at(self, parameter: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), ..self }
    }

    /// There is no such model.
    pub(crate) fn no_model(asked: &str, served: &str) -> Self {
        let message = format!("there is no model `{asked}`; this service has `{served}`");
        Self::new(RefusalKind::NotFound, message).at("model")
    }

    fn status(&self, dialect: Dialect) -> StatusCode {
        match self.kind {
            RefusalKind::Unauthorized => StatusCode::UNAUTHORIZED,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Method => StatusCode::METHOD_NOT_ALLOWED,
            RefusalKind::TooSlow => StatusCode::REQUEST_TIMEOUT,
            RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusalKind::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RefusalKind::Shape | RefusalKind::Tokens if dialect == Dialect::TextEmbeddings => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            RefusalKind::OtherTexts if matches!(dialect, Dialect::TextEmbeddings | Dialect::HuggingFace) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            RefusalKind::Malformed
            | RefusalKind::Empty
            | RefusalKind::Shape
            | RefusalKind::OtherTexts
            | RefusalKind::Tokens => StatusCode::BAD_REQUEST,
            RefusalKind::Inference if dialect == Dialect::TextEmbeddings => StatusCode::FAILED_DEPENDENCY,
            RefusalKind::Inference => StatusCode::INTERNAL_SERVER_ERROR,
            RefusalKind::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            RefusalKind::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The kind as text-embeddings-inference names it.
    fn text_embeddings_type(&self) -> &'static str {
        match self.kind {
            RefusalKind::Empty => "Empty",
            RefusalKind::Tokens => "Tokenizer",
            RefusalKind::Inference => "Backend",
            RefusalKind::Overloaded => "Overloaded",
            RefusalKind::Stopping => "Unhealthy",
            _ => "Validation",
        }
    }

    /// The kind as OpenAI names it, and the code beside it.
    fn openai_type(&self) -> (&'static str, Option<&'static str>) {
        match self.kind {
            RefusalKind::Unauthorized => ("authentication_error", Some("invalid_api_key")),
            RefusalKind::NotFound if self.parameter.as_deref() == Some("model") => {
                ("invalid_request_error", Some("model_not_found"))
            }
            RefusalKind::Overloaded => ("rate_limit_error", Some("rate_limit_exceeded")),
            RefusalKind::Inference | RefusalKind::Stopping => ("server_error", None),
            _ => ("invalid_request_error", None),
        }
    }

    fn body(&self, dialect: Dialect) -> Value {
        match dialect {
            Dialect::TextEmbeddings => {
                json!({ "error": self.message, "error_type": self.text_embeddings_type() })
            }
            Dialect::HuggingFace | Dialect::Plain => json!({ "error": self.message }),
            Dialect::OpenAi => {
                let (kind, code) = self.openai_type();
                let error =
                    json!({ "message": self.message, "type": kind, "param": self.parameter, "code": code });
                json!({ "error": error })
            }
        }
    }

    /// The response, in the shape of `dialect`.
    pub(crate) fn into_response(self, dialect: Dialect) -> Response {
        let (status, body) = (self.status(dialect), self.body(dialect).to_string());
        let mut response = (status, body).into_response();
        if self.kind == RefusalKind::Inference {
            response.extensions_mut().insert(Failure(self.message));
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.kind {
            RefusalKind::Overloaded | RefusalKind::Stopping => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            RefusalKind::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // What is left of the body would be read as the next request.
            RefusalKind::TooSlow | RefusalKind::TooLarge => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

impl From<PredictError> for Refusal {
    fn from(error: PredictError) -> Self {
        let kind = match (&error, error.kind()) {
            (PredictError::Tokenize(_), ErrorKind::Input) => RefusalKind::Tokens,
            (PredictError::NotFinite { .. }, _) => RefusalKind::Inference,
            (_, ErrorKind::Input) => RefusalKind::Shape,
            _ => RefusalKind::Inference,
        };
        Self::new(kind, ErrorChain(&error).to_string())
    }
}

/// What the parser says of a body: not JSON, or JSON of another shape.
impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        if error.is_data() {
            Self::shape(error.to_string())
        } else {
            Self::new(RefusalKind::Malformed, format!("the body is no JSON: {error}"))
        }
    }
}

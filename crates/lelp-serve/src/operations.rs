//! What runs a service: whether it lives, is ready, what it serves, its figures, and another model in place of this one.

use std::sync::Arc;

use axum::extract::{RawPathParams, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use lelp::{Classified, ErrorChain, ErrorKind};
use serde_json::{Map, Value, json};

use crate::error::ServeError;
use crate::refusal::{Dialect, Refusal, RefusalKind};
use crate::served_model::ServedModel;
use crate::service::Service;
use crate::shapes::open_inference::{VERSION, check_names, metadata};

type Shared = State<Arc<Service>>;

/// Paths that answer no texts.
pub(crate) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/health", get(health))
        .route("/info", get(info))
        .route("/metrics", get(metrics))
        .route("/v1/models", get(models))
        .route("/v2", get(server))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models/{model}", get(model_metadata))
        .route("/v2/models/{model}/ready", get(model_ready))
        .route("/v2/models/{model}/versions/{version}", get(model_metadata))
        .route("/v2/models/{model}/versions/{version}/ready", get(model_ready))
        .route("/v2/repository/index", post(index))
        .route("/v2/repository/models/{model}/load", post(load))
}

/// Whether the service wants requests.
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, description = "It answers requests"),
    (status = 503, description = "It was told to stop"),
))]
pub(crate) async fn health(service: Shared) -> Response {
    ready(service).await
}

/// Whether the process lives.
#[utoipa::path(get, path = "/v2/health/live", tag = "operations", responses((status = 200, description = "It does")))]
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

/// 200 until the service is told to stop: then it answers what it has, and wants no more.
#[utoipa::path(get, path = "/v2/health/ready", tag = "operations", responses(
    (status = 200, description = "It answers requests"),
    (status = 503, description = "It was told to stop"),
))]
pub(crate) async fn ready(State(service): Shared) -> Response {
    if service.is_stopping() {
        return Refusal::new(RefusalKind::Stopping, "the service is stopping").into_response(Dialect::Plain);
    }
    Json(json!({ "ready": true })).into_response()
}

/// What is served, as text-embeddings-inference says it.
#[utoipa::path(get, path = "/info", tag = "operations", responses((status = 200, description = "Model and limits")))]
pub(crate) async fn info(State(service): Shared) -> Json<Value> {
    let model = service.model();
    let limits = service.settings.limits;
    let by_number = model.labels().iter().enumerate();
    let id2label: Map<String, Value> =
        by_number.clone().map(|(class, label)| (class.to_string(), json!(label))).collect();
    let label2id: Map<String, Value> =
        by_number.map(|(class, label)| (label.clone(), json!(class))).collect();
    Json(json!({
        "model_id": model.name, "model_sha": null, "model_dtype": model.data_type(),
        "model_type": { "classifier": { "id2label": id2label, "label2id": label2id } },
        "max_concurrent_requests": limits.requests_in_flight, "max_client_batch_size": limits.texts,
        "max_input_bytes": limits.text_bytes, "auto_truncate": false, "version": env!("CARGO_PKG_VERSION"),
        "kind": model.answerer.predictor().kind(), "loaded": model.loaded,
        "fallback_threshold": model.fallback_threshold(),
    }))
}

/// Counts, times and sizes, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "OpenMetrics 1.0", body = String, content_type = "application/openmetrics-text"),
))]
pub(crate) async fn metrics(State(service): Shared) -> Response {
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], service.metrics.text()).into_response()
}

/// What is served, as OpenAI says it.
#[utoipa::path(get, path = "/v1/models", tag = "OpenAI", responses((status = 200, description = "The one model")))]
pub(crate) async fn models(State(service): Shared) -> Json<Value> {
    let model = service.model();
    let entry = json!({ "id": model.name, "object": "model", "created": model.loaded, "owned_by": "lelp" });
    Json(json!({ "object": "list", "data": [entry] }))
}

/// The service and the extensions that it has.
#[utoipa::path(get, path = "/v2", tag = "Open Inference Protocol", responses((status = 200, description = "Its name")))]
pub(crate) async fn server() -> Json<Value> {
    let extensions = ["binary_tensor_data", "model_repository"];
    Json(json!({ "name": "lelp", "version": env!("CARGO_PKG_VERSION"), "extensions": extensions }))
}

/// The model, if its name is in the path.
fn named(service: &Service, parameters: &RawPathParams) -> Result<Arc<ServedModel>, Refusal> {
    let find = |name| parameters.iter().find(|(own, _)| *own == name).map(|(_, value)| value);
    let model = service.model();
    check_names(find("model"), find("version"), &model)?;
    Ok(model)
}

/// What the model reads and gives.
#[utoipa::path(get, path = "/v2/models/{model}", tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "The name of the model")), responses(
    (status = 200, description = "Inputs and outputs"),
    (status = 404, description = "Another model"),
))]
pub(crate) async fn model_metadata(State(service): Shared, parameters: RawPathParams) -> Response {
    match named(&service, &parameters) {
        Ok(model) => Json(metadata(&model)).into_response(),
        Err(refusal) => refusal.into_response(Dialect::Plain),
    }
}

/// Whether the model answers.
#[utoipa::path(get, path = "/v2/models/{model}/ready", tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "The name of the model")), responses(
    (status = 200, description = "It does"),
    (status = 404, description = "Another model"),
    (status = 503, description = "The service was told to stop"),
))]
pub(crate) async fn model_ready(State(service): Shared, parameters: RawPathParams) -> Response {
    match named(&service, &parameters) {
        Ok(model) if !service.is_stopping() => {
            Json(json!({ "name": model.name, "ready": true })).into_response()
        }
        Ok(_) => Refusal::new(RefusalKind::Stopping, "the service is stopping").into_response(Dialect::Plain),
        Err(refusal) => refusal.into_response(Dialect::Plain),
    }
}

/// The models that there are.
#[utoipa::path(post, path = "/v2/repository/index", tag = "Open Inference Protocol",
    responses((status = 200, description = "The one model")))]
pub(crate) async fn index(State(service): Shared) -> Json<Value> {
    let name = service.model().name.clone();
    Json(json!([{ "name": name, "version": VERSION, "state": "READY", "reason": "" }]))
}

/// Loads the folder anew.
#[utoipa::path(post, path = "/v2/repository/models/{model}/load", tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "The name of the model")), responses(
    (status = 200, description = "What the folder holds answers from now on"),
    (status = 400, description = "The folder cannot be loaded; the model stays"),
    (status = 404, description = "Another model"),
    (status = 429, description = "It is being loaded already"),
))]
pub(crate) async fn load(State(service): Shared, parameters: RawPathParams) -> Response {
    if let Err(refusal) = named(&service, &parameters) {
        return refusal.into_response(Dialect::Plain);
    }
    match service.reload().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            let kind = match (&error, error.kind()) {
                (ServeError::Loading, _) => RefusalKind::Overloaded,
                (_, ErrorKind::Input) => RefusalKind::Shape,
                _ => RefusalKind::Inference,
            };
            Refusal::new(kind, ErrorChain(&error).to_string()).into_response(Dialect::Plain)
        }
    }
}

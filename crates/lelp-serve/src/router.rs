//! Paths, and what happens to every request: a name, a key, a line in the log.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use serde_json::json;

use crate::admission::Call;
use crate::log::Level;
use crate::openapi::description;
use crate::operations;
use crate::page::page;
use crate::refusal::{Dialect, Failure, Refusal, RefusalKind};
use crate::service::Service;
use crate::shapes::{Reply, Texts, classification, classify, decisions, open_inference, predict, table_rows};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All paths.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(page).merge(shape(classification::answer)))
        .route("/predict", shape(predict::answer))
        .route("/classify", shape(classify::answer))
        .route("/v1/classify", shape(classify::answer))
        .route("/v1/decisions", shape(decisions::answer))
        .route("/rows", shape(table_rows::answer))
        .route("/v2/models/{model}/infer", shape(open_inference::answer))
        .route("/v2/models/{model}/versions/{version}/infer", shape(open_inference::answer))
        .route("/openapi.json", get(description))
        .merge(operations::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method)
        .layer(middleware::from_fn_with_state(Arc::clone(&service), observe))
        .with_state(service)
}

/// A path that answers texts or rows.
fn shape<F, A>(answer: F) -> MethodRouter<Arc<Service>>
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Reply, Refusal>> + Send,
{
    post(|State(service): State<Arc<Service>>, parameters: RawPathParams, request: Request| async move {
        let dialect = Dialect::of(request.uri().path());
        let answered = match Call::admit(service, &parameters, request).await {
            Ok(call) => answer(call).await,
            Err(refusal) => Err(refusal),
        };
        answered.map_or_else(|refusal| refusal.into_response(dialect), Reply::into_response)
    })
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!("there is no path `{path}`; /openapi.json lists those that answer");
    Refusal::new(RefusalKind::NotFound, message).into_response(Dialect::of(path))
}

async fn method(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("`{path}` does not take {method}");
    Refusal::new(RefusalKind::Method, message).into_response(Dialect::of(path))
}

/// Checks the key, answers, counts and logs.
async fn observe(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let (started, in_flight) = (Instant::now(), service.metrics.begin());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request_id(request.headers(), &service);
    let mut response = if permits(&service, &request) {
        next.run(request).await
    } else {
        let message = "the key is missing or wrong; send it as `Authorization: Bearer KEY`";
        Refusal::new(RefusalKind::Unauthorized, message).into_response(Dialect::of(&path))
    };
    let (took, status) = (started.elapsed(), response.status());
    let texts = response.extensions_mut().remove::<Texts>().map_or(0, |Texts(count)| count);
    service.metrics.request(route.as_deref().unwrap_or("unknown"), status.as_u16(), took);
    let failure = response.extensions_mut().remove::<Failure>();
    let failed = failure.is_some() || status.is_server_error();
    let level = if failed { Level::Error } else { Level::Info };
    let mut fields = json!({
        "id": id.to_str().unwrap_or_default(), "method": method.as_str(), "path": path,
        "status": status.as_u16(), "texts": texts, "microseconds": took.as_micros() as u64,
    });
    if let Some(Failure(reason)) = failure {
        fields["error"] = reason.into();
    }
    service.log(level, "request", fields);
    response.headers_mut().insert(REQUEST_ID, id);
    drop(in_flight);
    response
}

/// The name that the client gave the request, if it is fit for a log, or a number.
fn request_id(headers: &HeaderMap, service: &Service) -> HeaderValue {
    let fits = |id: &&HeaderValue| id.len() <= 128 && id.to_str().is_ok();
    let given = headers.get(REQUEST_ID).filter(fits).cloned();
    given.unwrap_or_else(|| HeaderValue::from(service.next_number()))
}

/// Whether the request may be answered: it brings the key, or asks for nothing that needs one.
fn permits(service: &Service, request: &Request) -> bool {
    let Some(key) = &service.settings.api_key else { return true };
    let open = ["/", "/health", "/openapi.json", "/v2/health/live", "/v2/health/ready"];
    if request.method() == Method::GET && open.contains(&request.uri().path()) {
        return true;
    }
    let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    given.and_then(|given| given.strip_prefix(b"Bearer ")).is_some_and(|given| same(given, key.as_bytes()))
}

/// Whether two keys are the same, in a time that tells nothing of where they differ.
fn same(given: &[u8], key: &[u8]) -> bool {
    given.len() == key.len() && given.iter().zip(key).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

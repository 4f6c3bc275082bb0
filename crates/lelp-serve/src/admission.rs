//! From a request to its body: room for it, within its limits, in time.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, header};
use tokio::sync::OwnedSemaphorePermit;

use crate::refusal::{Refusal, RefusalKind};
use crate::served_model::ServedModel;
use crate::service::Service;

/// A request that was read, with the model that answers it.
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) model: Arc<ServedModel>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Names in the path.
    parameters: Vec<(String, String)>,
    _slot: OwnedSemaphorePermit,
}

impl Call {
    /// Takes room for the request and reads its body.
    pub(crate) async fn admit(
        service: Arc<Service>,
        parameters: &RawPathParams,
        request: Request,
    ) -> Result<Self, Refusal> {
        let slot = Arc::clone(&service.requests).try_acquire_owned().map_err(|_| {
            let most = service.settings.limits.requests_in_flight;
            Refusal::new(RefusalKind::Overloaded, format!("{most} requests are being answered; try again"))
        })?;
        let (head, body) = request.into_parts();
        let encoding = head.headers.get(header::CONTENT_ENCODING);
        if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
            let message = format!("the body is encoded as {encoding:?}; send it as it is");
            return Err(Refusal::new(RefusalKind::Encoding, message));
        }
        let limit = service.settings.limits.body_bytes;
        check_length(&head.headers, limit)?;
        let wait = service.settings.timeouts.body;
        let body = match tokio::time::timeout(wait, to_bytes(body, limit)).await {
            Err(_) => {
                let message = format!("the body did not come within {} s", wait.as_secs_f64());
                return Err(Refusal::new(RefusalKind::TooSlow, message));
            }
            Ok(Err(error)) => return Err(unread(&error, limit)),
            Ok(Ok(body)) => body,
        };
        let parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let model = service.model();
        Ok(Self { service, model, headers: head.headers, body, parameters, _slot: slot })
    }

    /// A name in the path.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Refuses the name of another model.
    pub(crate) fn check_model(&self, asked: &str) -> Result<(), Refusal> {
        if asked == self.model.name { Ok(()) } else { Err(Refusal::no_model(asked, &self.model.name)) }
    }
}

/// Refuses a body that says it is too long before any of it is read.
fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Refusal> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limit as u64 => {
            let message =
                format!("the body has {length} bytes, but at most {limit} are read; send fewer texts");
            Err(Refusal::new(RefusalKind::TooLarge, message))
        }
        _ => Ok(()),
    }
}

fn unread(error: &axum::Error, limit: usize) -> Refusal {
    // axum hands on the error of `http-body-util`, which has no name here.
    if error.to_string().contains("length limit") {
        let message = format!("the body has more than the {limit} bytes that are read; send fewer texts");
        Refusal::new(RefusalKind::TooLarge, message)
    } else {
        Refusal::new(RefusalKind::Malformed, format!("the body was cut off: {error}"))
    }
}

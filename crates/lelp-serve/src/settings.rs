//! What a service is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lelp_model::encoder::EncoderPrecision;

use crate::error::ServeError;

/// Settings of a service.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// The model's folder, read again at a reload.
    pub model: PathBuf,
    /// The name that clients call the model by; the folder's own by default.
    pub name: Option<String>,
    /// Precision of the products of encoders: the model's, and that of a teacher in a folder that is asked where it is not sure.
    /// One of the two must have one, if it is not f32.
    pub precision: EncoderPrecision,
    /// Where to listen; a port of 0 takes any that is free.
    pub address: SocketAddr,
    /// Whoever asks must send this as a bearer token, save for health, the page and the description.
    pub api_key: Option<String>,
    /// Certificate and key for TLS.
    pub tls: Option<TlsFiles>,
    /// Who is asked where the model is not sure.
    pub fallback: Option<FallbackSettings>,
    /// What is accepted at most.
    pub limits: Limits,
    /// How long is waited at most.
    pub timeouts: Timeouts,
}

impl ServeSettings {
    /// Serves `model` on the loopback address, port 8080, without a key.
    #[must_use]
    pub fn new(model: PathBuf) -> Self {
        Self {
            model,
            name: None,
            precision: EncoderPrecision::F32,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            api_key: None,
            tls: None,
            fallback: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Checks what must hold between the settings.
    pub(crate) fn check(&self) -> Result<(), ServeError> {
        let Limits { texts, texts_in_flight, .. } = self.limits;
        if texts > texts_in_flight {
            return Err(ServeError::Limits { texts, texts_in_flight });
        }
        let sendable = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if self.api_key.as_ref().is_some_and(|key| !sendable(key)) {
            return Err(ServeError::ApiKey);
        }
        Ok(())
    }
}

/// A teacher that answers what the model is not sure of.
#[derive(Debug, Clone)]
pub struct FallbackSettings {
    /// A model's folder, or the URL of a service: one that ends in `/predict` is text-embeddings-inference's, in `/rows` one of
    /// ours, and any other takes Hugging Face's text classification.
    pub teacher: String,
    /// The key that the service asks for.
    pub api_key: Option<String>,
    /// The least probability at which the model answers itself; by default the one that stands beside it.
    pub threshold: Option<f64>,
}

/// PEM files of a certificate chain and its private key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub certificates: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What is accepted at most. The product of `requests_in_flight` and `body_bytes` bounds the memory of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Texts or rows of a request.
    pub texts: usize,
    /// Bytes of one text; longer ones are refused, or cut where the request says `truncate`.
    pub text_bytes: usize,
    /// Texts of all requests that are being answered or wait for it; a request takes room for all of its own at once.
    pub texts_in_flight: usize,
    /// Requests that are being read or answered.
    pub requests_in_flight: usize,
    /// Open connections; further ones wait to be accepted.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 2 << 20,
            texts: 1024,
            text_bytes: 64 << 10,
            texts_in_flight: 4096,
            requests_in_flight: 256,
            connections: 1024,
        }
    }
}

/// How long is waited at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the headers of a request, from when a connection is open or its last answer was sent: idle connections are
    /// closed after it. Also for a TLS handshake.
    pub headers: Duration,
    /// For the whole body.
    pub body: Duration,
    /// For requests that are being answered when the service is told to stop.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(30),
            body: Duration::from_secs(10),
            shutdown: Duration::from_secs(30),
        }
    }
}

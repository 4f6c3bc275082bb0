//! Figures for Prometheus.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Figures of a service.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<PathLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge<i64, AtomicI64>,
    texts: Counter,
    reloads: Family<OutcomeLabels, Counter>,
    fallback: Family<OutcomeLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PathLabels {
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// Upper ends of the histogram's buckets, in seconds: from an n-gram student's answer to an encoder's under load.
const BUCKETS: [f64; 12] = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 0.1, 0.5, 2.5, 10.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("lelp");
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (in_flight, texts, reloads) = (Gauge::default(), Counter::default(), Family::default());
        let fallback = Family::default();
        registry.register("requests", "Requests by path and status", requests.clone());
        registry.register_with_unit("request_duration", "Time to answer", Unit::Seconds, seconds.clone());
        registry.register(
            "requests_in_flight",
            "Requests that are being read or answered",
            in_flight.clone(),
        );
        registry.register("texts", "Texts and rows that were given to the model", texts.clone());
        registry.register("reloads", "Times the model was loaded anew, or was not", reloads.clone());
        registry.register(
            "fallback_texts",
            "Texts and rows that the teacher was asked for",
            fallback.clone(),
        );
        Self { registry, requests, seconds, in_flight, texts, reloads, fallback }
    }

    /// Counts a request until what is given is dropped, also where its client goes away.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered. `path` is a route, not what the client wrote.
    pub(crate) fn request(&self, path: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { path: path.to_owned(), status }).inc();
        self.seconds.get_or_create(&PathLabels { path: path.to_owned() }).observe(took.as_secs_f64());
    }

    pub(crate) fn texts(&self, count: usize) {
        self.texts.inc_by(count as u64);
    }

    pub(crate) fn reload(&self, loaded: bool) {
        let outcome = if loaded { "loaded" } else { "failed" };
        self.reloads.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    pub(crate) fn fallback(&self, texts: usize, answered: bool) {
        let outcome = if answered { "answered" } else { "failed" };
        self.fallback.get_or_create(&OutcomeLabels { outcome }).inc_by(texts as u64);
    }

    /// The figures in the OpenMetrics text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a string takes all that is written");
        text
    }
}

/// A request that is being answered.
pub(crate) struct InFlight(Gauge<i64, AtomicI64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

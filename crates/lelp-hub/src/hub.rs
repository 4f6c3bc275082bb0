//! The Hugging Face hub, through its own client. Honours `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE` and the
//! hub's own cache.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::PullStep;
use super::error::AttemptError;
use super::files::{CONFIG, gather};
use super::name::ModelName;
use super::staging::Staging;
use lelp_data::storage;

/// How long the hub may take to give its first, small file. The client itself waits half a minute for a
/// connection, and a machine that reaches only registries would wait with it.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(8);

/// How the hub is reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct HubAccess {
    /// Its address; none is the client's own default.
    pub(crate) endpoint: Option<String>,
    /// Where the hub's own cache is; none is the client's own default.
    pub(crate) cache: Option<PathBuf>,
    /// The user's token, for private and gated models.
    pub(crate) token: Option<String>,
    /// Nothing is asked of the hub.
    pub(crate) offline: bool,
}

impl HubAccess {
    /// As the variables of the hub's own clients say.
    pub(crate) fn from_env() -> Self {
        let given =
            |name| env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let truth = |value: String| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str());
        Self {
            endpoint: None,
            cache: given("HF_HUB_CACHE").map(PathBuf::from),
            token: given("HF_TOKEN").or_else(|| given("HUGGING_FACE_HUB_TOKEN")),
            offline: given("HF_HUB_OFFLINE").is_some_and(truth),
        }
    }

    fn cache(&self) -> Cache {
        self.cache.clone().map_or_else(Cache::from_env, Cache::new)
    }

    fn open(&self, name: &ModelName) -> Result<(ApiRepo, CacheRepo), AttemptError> {
        let repo = Repo::with_revision(name.repository.clone(), RepoType::Model, name.revision().to_owned());
        let mut builder = ApiBuilder::from_env().with_retries(1).with_cache_dir(self.cache().path().clone());
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        if let Some(token) = &self.token {
            builder = builder.with_token(Some(token.clone()));
        }
        let api = builder.build().map_err(|source| AttemptError::HubClient { source: Box::new(source) })?;
        Ok((api.repo(repo.clone()), self.cache().repo(repo)))
    }
}

/// Fetches every file of `name` into the staging folder, and gives the commit that they are of.
///
/// Files in the hub's own cache are taken from there. Where the hub is not reached, or must not be asked, they have to be
/// enough.
pub(crate) fn fetch(
    name: &ModelName,
    access: &HubAccess,
    staging: &Staging,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<Option<String>, AttemptError> {
    let (repo, cache) = access.open(name)?;
    let cached = cache.get(CONFIG).is_some();
    if !access.offline && !cached {
        first_answer(name, access)?;
    }
    let mut offline = access.offline;
    let mut commit = None;
    gather(staging.folder(), &mut |file| {
        let path = match cache.get(file) {
            Some(path) => path,
            None if offline && !cached => return Err(AttemptError::NotCached { file: file.to_owned() }),
            None if offline => return Ok(false),
            None => match repo.download_with_progress(file, DownloadProgress::new(file, progress)) {
                Ok(path) => path,
                Err(error) if is_absent(&error) => return Ok(false),
                Err(error) if cached && is_unreachable(&error) => {
                    offline = true;
                    return Ok(false);
                }
                Err(error) => return Err(hub_error(file, error)),
            },
        };
        commit = commit.take().or_else(|| commit_of(&path));
        copy_cached(&path, &staging.folder().join(file))?;
        Ok(true)
    })?;
    Ok(commit)
}

/// Waits for the first file, but not for long. The thread that asks is left behind when the hub is silent;
/// it ends with the client's own patience, and writes only to the hub's cache.
fn first_answer(name: &ModelName, access: &HubAccess) -> Result<(), AttemptError> {
    let (sender, receiver) = mpsc::channel();
    let (name, access) = (name.clone(), access.clone());
    std::thread::spawn(move || {
        let answer = access.open(&name).and_then(|(repo, _)| {
            repo.download_with_progress(CONFIG, ()).map_err(|error| hub_error(CONFIG, error)).map(|_| ())
        });
        // Nobody receives it after the timeout.
        let _ = sender.send(answer);
    });
    receiver
        .recv_timeout(FIRST_ANSWER_TIMEOUT)
        .unwrap_or(Err(AttemptError::NoAnswer { seconds: FIRST_ANSWER_TIMEOUT.as_secs() }))
}

/// The hub's cache holds links to the bytes, in files that are called by their SHA-256 where they are large.
fn copy_cached(cached: &Path, target: &Path) -> Result<(), AttemptError> {
    let bytes = fs::canonicalize(cached)
        .map_err(|source| storage::FileError::Read { path: cached.to_owned(), source })?;
    let called = bytes.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
    if called.len() == 64 && called.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let found = storage::sha256(&storage::map(&bytes)?);
        if found != called {
            return Err(AttemptError::CachedHash { file: bytes, found, expected: called });
        }
    }
    if let Some(folder) = target.parent() {
        storage::create_folder(folder)?;
    }
    Ok(storage::copy(&bytes, target)?)
}

/// The commit in the path of a cached file, `snapshots/COMMIT/..`.
fn commit_of(cached: &Path) -> Option<String> {
    let mut parts = cached.components().map(|part| part.as_os_str().to_string_lossy());
    parts.find(|part| part == "snapshots")?;
    parts.next().map(Into::into)
}

/// Whether the hub answered that there is no such file.
fn is_absent(error: &ApiError) -> bool {
    status(error) == Some(404)
}

/// Whether the hub did not answer at all.
fn is_unreachable(error: &ApiError) -> bool {
    matches!(error, ApiError::RequestError(error) if matches!(**error, ureq::Error::Transport(_)))
}

fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::Status(status, _) => Some(status),
            ureq::Error::Transport(_) => None,
        },
        _ => None,
    }
}

fn hub_error(file: &str, source: ApiError) -> AttemptError {
    let file = file.to_owned();
    match status(&source) {
        Some(status @ (401 | 403)) => AttemptError::Denied { file, status },
        _ => AttemptError::Hub { file, source: Box::new(source) },
    }
}

/// Passes the client's progress on to the caller.
struct DownloadProgress<'a, 'p> {
    file: &'a str,
    done: u64,
    total: u64,
    progress: &'a mut (dyn FnMut(PullStep<'_>) + 'p),
}

impl<'a, 'p> DownloadProgress<'a, 'p> {
    fn new(file: &'a str, progress: &'a mut (dyn FnMut(PullStep<'_>) + 'p)) -> Self {
        Self { file, done: 0, total: 0, progress }
    }

    fn report(&mut self) {
        let (file, done, total) = (self.file, self.done, self.total);
        (self.progress)(PullStep::Fetching { file, done, total });
    }
}

impl Progress for DownloadProgress<'_, '_> {
    fn init(&mut self, size: usize, _file: &str) {
        self.total = size as u64;
        self.report();
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        self.report();
    }

    fn finish(&mut self) {
        self.report();
    }
}

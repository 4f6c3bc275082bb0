//! The Hugging Face hub, through its own client. Honours `HF_HOME`, `HF_ENDPOINT` and the hub's own cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, CacheRepo, Repo};

use super::error::AttemptError;
use super::staging::Staging;
use super::{OPTIONAL, PullStep, REQUIRED};

/// How long the hub may take to give its first, small file. The client itself waits half a minute for a
/// connection, and a machine that reaches only registries would wait with it.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(8);

/// Fetches every file of `name` into the staging folder.
pub(crate) fn fetch(
    name: &str,
    endpoint: Option<&str>,
    staging: &Staging,
    progress: &mut dyn FnMut(PullStep<'_>),
) -> Result<(), AttemptError> {
    first_answer(name, endpoint)?;
    let (repo, cache) = open(name, endpoint)?;
    let mut fetch_one = |file: &'static str| -> Result<(), ApiError> {
        let path = match cache.get(file) {
            Some(path) => path,
            None => repo.download_with_progress(file, DownloadProgress::new(file, progress))?,
        };
        link_cached(&path, &staging.folder().join(file)).map_err(ApiError::IoError)
    };
    for file in REQUIRED {
        fetch_one(file).map_err(|error| hub_error(file, error))?;
    }
    for file in OPTIONAL {
        match fetch_one(file) {
            Ok(()) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(hub_error(file, error)),
        }
    }
    Ok(())
}

/// Waits for the first file, but not for long. The thread that asks is left behind when the hub is silent;
/// it ends with the client's own patience, and writes only to the hub's cache.
fn first_answer(name: &str, endpoint: Option<&str>) -> Result<(), AttemptError> {
    let (sender, receiver) = mpsc::channel();
    let (name, endpoint) = (name.to_owned(), endpoint.map(str::to_owned));
    std::thread::spawn(move || {
        let answer = open(&name, endpoint.as_deref()).and_then(|(repo, cache)| {
            let [first, ..] = REQUIRED;
            if cache.get(first).is_none() {
                repo.download_with_progress(first, ()).map_err(|error| hub_error(first, error))?;
            }
            Ok(())
        });
        // Nobody receives it after the timeout.
        let _ = sender.send(answer);
    });
    receiver
        .recv_timeout(FIRST_ANSWER_TIMEOUT)
        .unwrap_or(Err(AttemptError::NoAnswer { seconds: FIRST_ANSWER_TIMEOUT.as_secs() }))
}

fn open(name: &str, endpoint: Option<&str>) -> Result<(ApiRepo, CacheRepo), AttemptError> {
    let repo = Repo::model(name.to_owned());
    let mut builder = ApiBuilder::from_env().with_retries(1);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    let api = builder.build().map_err(|source| AttemptError::HubClient { source: Box::new(source) })?;
    Ok((api.repo(repo.clone()), Cache::from_env().repo(repo)))
}

/// The hub's cache holds links to the bytes: take the bytes, by a hard link where the disk allows it.
fn link_cached(cached: &Path, target: &Path) -> std::io::Result<()> {
    let cached: PathBuf = fs::canonicalize(cached)?;
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::hard_link(&cached, target).or_else(|_| fs::copy(&cached, target).map(|_| ()))
}

/// Whether the hub answered that there is no such file.
fn is_absent(error: &ApiError) -> bool {
    matches!(error, ApiError::RequestError(error) if matches!(**error, ureq::Error::Status(404, _)))
}

fn hub_error(file: &'static str, source: ApiError) -> AttemptError {
    AttemptError::Hub { file, source: Box::new(source) }
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

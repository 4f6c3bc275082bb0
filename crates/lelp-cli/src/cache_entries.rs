//! What the cache folder holds, and less of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lelp_data::storage::{self, FileError};
use lelp_hub::default_cache;
use serde::Serialize;

use crate::args::{megabytes, size};
use crate::failure::Failure;
use crate::printer::Printer;

/// Folders of the cache whose entries can be computed again, and what they hold.
const COMPUTED: [(&str, &str); 3] = [
    ("embeddings", "embeddings of a frozen encoder"),
    ("signals", "a teacher's signals"),
    ("split-signals", "embeddings to split by"),
];

/// Bytes that what was computed may take, unless `LELP_CACHE_LIMIT` says otherwise.
const LIMIT: u64 = 20_000_000_000;

const VARIABLE: &str = "LELP_CACHE_LIMIT";

/// Something that the cache holds.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// What it is.
    pub(crate) kind: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// Days since it was used last.
    pub(crate) days: f64,
    /// Whether it can be computed again.
    pub(crate) computed: bool,
}

/// What became of entries.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) entries: usize,
    pub(crate) bytes: u64,
    /// Bytes of what was computed and is left.
    pub(crate) left: u64,
    /// Entries that are in use, and stay.
    pub(crate) in_use: Vec<PathBuf>,
}

/// What the cache holds, by kind and name.
pub(crate) fn entries(folder: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    for path in paths(folder) {
        let computed = COMPUTED.iter().find(|(name, _)| path.file_name().is_some_and(|own| own == *name));
        match computed {
            Some((_, kind)) => {
                entries.extend(paths(&path).into_iter().map(|path| Entry::of(path, kind, true)));
            }
            None if path.is_dir() => entries.push(Entry::of(path, "an encoder", false)),
            None => {}
        }
    }
    entries
}

/// Removes of what was computed the entries that were used longest ago, until no more than `most` bytes are left, and those
/// that were not used for `days`. What is in use stays.
pub(crate) fn remove(
    entries: &[Entry],
    most: Option<u64>,
    days: Option<f64>,
    dry_run: bool,
    mut told: impl FnMut(&Entry),
) -> Result<Removed, FileError> {
    let mut computed: Vec<&Entry> = entries.iter().filter(|entry| entry.computed).collect();
    computed.sort_by(|a, b| b.days.total_cmp(&a.days).then_with(|| a.path.cmp(&b.path)));
    let left = computed.iter().map(|entry| entry.bytes).sum::<u64>();
    let mut removed = Removed { left, ..Removed::default() };
    for entry in computed {
        let old = days.is_some_and(|days| entry.days > days);
        if !old && most.is_none_or(|most| removed.left <= most) {
            continue;
        }
        if !dry_run && !storage::remove_cache_entry(&entry.path)? {
            removed.in_use.push(entry.path.clone());
            continue;
        }
        told(entry);
        removed.entries += 1;
        removed.bytes += entry.bytes;
        removed.left -= entry.bytes;
    }
    Ok(removed)
}

/// Bytes that what was computed may take; none for no limit.
pub(crate) fn limit() -> Result<Option<u64>, Failure> {
    match std::env::var(VARIABLE) {
        Err(_) => Ok(Some(LIMIT)),
        Ok(none) if none.trim() == "none" => Ok(None),
        Ok(given) => {
            let bytes =
                size(&given).map_err(|what| Failure::usage(format!("{VARIABLE} is `{given}`: {what}")))?;
            Ok(Some(bytes))
        }
    }
}

/// Keeps the limit after a command that may have written to the cache. Where the cache cannot be read or written, it is as it
/// was.
pub(crate) fn keep_limit(most: Option<u64>, printer: Printer) {
    let (Some(most), Ok(folder)) = (most, default_cache()) else { return };
    let Ok(removed) = remove(&entries(&folder), Some(most), None, false, |_| {}) else { return };
    if removed.entries > 0 {
        let (bytes, most) = (megabytes(removed.bytes), megabytes(most));
        let entries = match removed.entries {
            1 => "the entry that was used longest ago".to_owned(),
            count => format!("the {count} entries that were used longest ago"),
        };
        let kept = format!("to keep within {most} ({VARIABLE})");
        printer.note(&format!("cache `{}`: {entries}, {bytes}, went, {kept}", folder.display()));
    }
}

impl Entry {
    fn of(path: PathBuf, kind: &'static str, computed: bool) -> Self {
        let (bytes, used) = measure(&path);
        let age = used.and_then(|used| SystemTime::now().duration_since(used).ok());
        let days = age.unwrap_or(Duration::ZERO).as_secs_f64() / 86_400.0;
        Self { kind, path, bytes, days, computed }
    }
}

/// Bytes below `path`, and when anything there was written or used last; links are not followed.
fn measure(path: &Path) -> (u64, Option<SystemTime>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return (0, None) };
    if !metadata.is_dir() {
        return (metadata.len(), metadata.modified().ok());
    }
    let within = fs::read_dir(path).into_iter().flatten().flatten();
    within
        .map(|entry| measure(&entry.path()))
        .fold((0, None), |(bytes, last), (more, used)| (bytes + more, last.max(used)))
}

/// What is in a folder, in order, hidden files apart; nothing where it cannot be read.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let hidden = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
    };
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).filter(|path| !hidden(path)).collect();
    paths.sort();
    paths
}

//! `lelp cache`: what the cache folder holds, and less of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lelp_data::storage::{self, FolderLock};
use lelp_hub::default_cache;
use serde::Serialize;

use crate::args::{megabytes, size};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::text_table::TextTable;

const EXAMPLES: &str = "\
Examples:
  lelp cache
  lelp cache prune --max-size 2GB --dry-run
  lelp cache prune --older-than 30";

/// Folders of the cache whose entries can be computed again, and what they hold.
const COMPUTED: [(&str, &str); 3] = [
    ("embeddings", "embeddings of a frozen encoder"),
    ("signals", "a teacher's signals"),
    ("split-signals", "embeddings to split by"),
];

/// List what the cache folder holds, or remove some of it
///
/// Kept there are encoders that were pulled, and what was computed and is used again by its content: embeddings of frozen
/// encoders, teachers' signals, embeddings to split by. `prune` removes of what was computed the entries that were written
/// longest ago; encoders stay. Nothing is lost but time: what is missing is computed again. An entry that a run is writing
/// stays.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,

    /// Print JSON, an entry a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Prune(PruneArguments),
}

/// Remove entries that can be computed again, those written longest ago first
///
/// Example: lelp cache prune --max-size 2GB --dry-run
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct PruneArguments {
    /// Remove until what was computed takes no more than this, as `2GB` or `500MB`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,

    /// Remove what was written more than so many days ago
    #[arg(long, value_name = "DAYS", value_parser = days)]
    older_than: Option<f64>,

    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Something that the cache holds.
#[derive(Debug, Serialize)]
struct Entry {
    /// What it is.
    kind: &'static str,
    path: PathBuf,
    bytes: u64,
    /// Days since it was written last.
    days: f64,
    /// Whether it can be computed again.
    computed: bool,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let folder = default_cache()?;
    let entries = entries(&folder);
    match &arguments.action {
        Some(Action::Prune(prune)) => remove(&entries, prune, printer),
        None => list(&folder, &entries, arguments.json, printer),
    }
}

fn list(folder: &Path, entries: &[Entry], json: bool, printer: Printer) -> Result<(), Failure> {
    if json {
        for entry in entries {
            printer.data(&serde_json::to_string(entry).map_err(Failure::defect)?)?;
        }
        return Ok(());
    }
    let mut table = TextTable::new(&["entry", "size", "days ago", "what"]);
    for entry in entries {
        let name = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
        table.row(&[
            name.display().to_string(),
            megabytes(entry.bytes),
            format!("{:.1}", entry.days),
            entry.kind.to_owned(),
        ]);
    }
    if !entries.is_empty() {
        printer.data(&table.to_string())?;
    }
    let all = megabytes(total(entries));
    printer.step("holds", &format!("`{}`: {} entries, {all}", folder.display(), entries.len()));
    Ok(())
}

fn remove(entries: &[Entry], prune: &PruneArguments, printer: Printer) -> Result<(), Failure> {
    let mut computed: Vec<&Entry> = entries.iter().filter(|entry| entry.computed).collect();
    computed.sort_by(|a, b| b.days.total_cmp(&a.days).then_with(|| a.path.cmp(&b.path)));
    let mut left = computed.iter().map(|entry| entry.bytes).sum::<u64>();
    let (mut count, mut bytes) = (0, 0);
    for entry in computed {
        let old = prune.older_than.is_some_and(|days| entry.days > days);
        if !old && prune.max_size.is_none_or(|most| left <= most) {
            continue;
        }
        if !prune.dry_run && !removed(entry, printer)? {
            continue;
        }
        printer.detail(&entry.path.display().to_string());
        (count, bytes, left) = (count + 1, bytes + entry.bytes, left - entry.bytes);
    }
    let verb = if prune.dry_run { "would go" } else { "removed" };
    printer.step(verb, &format!("{count} entries, {}; {} are left", megabytes(bytes), megabytes(left)));
    Ok(())
}

/// Removes an entry; false where a run is writing it.
fn removed(entry: &Entry, printer: Printer) -> Result<bool, Failure> {
    // A lock is let go before the folder is removed: on some systems what is open cannot be.
    let lock = entry.path.is_dir().then(|| FolderLock::take(&entry.path));
    if let Some(Err(held)) = lock {
        printer.note(&held.to_string());
        return Ok(false);
    }
    drop(lock);
    storage::remove(&entry.path)?;
    Ok(true)
}

/// What the cache holds, by kind and name.
fn entries(folder: &Path) -> Vec<Entry> {
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

impl Entry {
    fn of(path: PathBuf, kind: &'static str, computed: bool) -> Self {
        let (bytes, written) = measure(&path);
        let age = written.and_then(|written| SystemTime::now().duration_since(written).ok());
        let days = age.unwrap_or(Duration::ZERO).as_secs_f64() / 86_400.0;
        Self { kind, path, bytes, days, computed }
    }
}

/// Bytes below `path`, and when anything there was written last; links are not followed.
fn measure(path: &Path) -> (u64, Option<SystemTime>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return (0, None) };
    if !metadata.is_dir() {
        return (metadata.len(), metadata.modified().ok());
    }
    paths(path)
        .iter()
        .map(|path| measure(path))
        .fold((0, None), |(bytes, last), (more, written)| (bytes + more, last.max(written)))
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

fn total(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.bytes).sum()
}

fn days(text: &str) -> Result<f64, String> {
    let days: f64 =
        text.trim_end_matches('d').parse().map_err(|_| format!("`{text}` is no number of days"))?;
    if days.is_finite() && days >= 0.0 { Ok(days) } else { Err("use 0 days or more".to_owned()) }
}

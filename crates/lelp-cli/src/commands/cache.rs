//! `lelp cache`: what the cache folder holds, and less of it.

use std::path::Path;

use lelp_hub::default_cache;

use crate::args::{megabytes, size};
use crate::cache_entries::{Entry, entries, limit, remove};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::text_table::TextTable;

const EXAMPLES: &str = "\
Examples:
  lelp cache
  lelp cache prune --max-size 2GB --dry-run
  lelp cache prune --older-than 30
  LELP_CACHE_LIMIT=5GB lelp distill --data queries --teacher teacher --out student";

/// List what the cache folder holds, or remove some of it
///
/// Kept there are encoders that were pulled, and what was computed and is used again by its content: embeddings of frozen
/// encoders, teachers' signals, embeddings to split by. What was computed keeps within 20 GB by itself, or within the size in
/// LELP_CACHE_LIMIT (`none` for no limit): after a command that writes there, the entries that were used longest ago go.
/// `prune` removes more of them; encoders stay. Nothing is lost but time: what is missing is computed again. An entry that a
/// run writes or reads stays.
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

/// Remove entries that can be computed again, those used longest ago first
///
/// Example: lelp cache prune --max-size 2GB --dry-run
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct PruneArguments {
    /// Remove until what was computed takes no more than this, as `2GB` or `500MB`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,

    /// Remove what was not used for so many days
    #[arg(long, value_name = "DAYS", value_parser = days)]
    older_than: Option<f64>,

    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let folder = default_cache()?;
    let entries = entries(&folder);
    match &arguments.action {
        Some(Action::Prune(prune)) => print_removed(&entries, prune, printer),
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
    let bytes = |computed: bool| {
        megabytes(entries.iter().filter(|entry| entry.computed || !computed).map(|entry| entry.bytes).sum())
    };
    let limit =
        limit()?.map_or_else(|| "no limit".to_owned(), |limit| format!("at most {}", megabytes(limit)));
    let (all, computed) = (bytes(false), bytes(true));
    let what = format!("{} entries, {all}; {computed} can be computed again, {limit}", entries.len());
    printer.step("holds", &format!("`{}`: {what}", folder.display()));
    Ok(())
}

fn print_removed(entries: &[Entry], prune: &PruneArguments, printer: Printer) -> Result<(), Failure> {
    let told = |entry: &Entry| printer.detail(&entry.path.display().to_string());
    let removed = remove(entries, prune.max_size, prune.older_than, prune.dry_run, told)?;
    for path in &removed.in_use {
        printer.note(&format!("`{}` is in use, and stays", path.display()));
    }
    let verb = if prune.dry_run { "would go" } else { "removed" };
    let (count, bytes, left) = (removed.entries, megabytes(removed.bytes), megabytes(removed.left));
    printer.step(verb, &format!("{count} entries, {bytes}; {left} are left"));
    Ok(())
}

fn days(text: &str) -> Result<f64, String> {
    let days: f64 =
        text.trim_end_matches('d').parse().map_err(|_| format!("`{text}` is no number of days"))?;
    if days.is_finite() && days >= 0.0 { Ok(days) } else { Err("use 0 days or more".to_owned()) }
}

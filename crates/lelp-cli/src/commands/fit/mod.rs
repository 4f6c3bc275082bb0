//! `lelp fit`: fit what splits each class into subclasses.

mod report;

use std::path::PathBuf;

use lelp_data::SignalsFolder;
use lelp_data::storage;

use super::check_place;
use crate::args::{ColumnArgs, FineArgs, GlobalArgs, SplitArgs};
use crate::failure::{Context, Failure};
use crate::printer::Printer;
use crate::teacher_warnings;
pub(crate) use report::as_table;

const EXAMPLES: &str = "\
Examples:
  lelp fit --signals signals --subclasses 8 --out fit.safetensors
  lelp fit --signals signals --split kmeans --subclasses 8 --out fit.safetensors
  lelp fit --signals signals --split oracle --data train.csv --fine-column topic --out fit.safetensors";

/// Split each class into subclasses, by directions or clusters of the teacher's embeddings
///
/// Writes a safetensors file and prints a report on each class. Directions and clusters are stored as `projection`
/// [width, classes*S] and `offset` [classes*S]: the scores of a row are embedding x projection - offset, subclass s of
/// class c in column c*S + s. `lelp targets` turns the file into soft labels, for these rows or others.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of the teacher's signals
    #[arg(long, value_name = "DIR")]
    signals: PathBuf,

    /// File for the split
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    split: SplitArgs,

    /// Seed of everything random: rotations, directions, starts of a clustering, samples and splits
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    fine: FineArgs,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    arguments.split.check()?;
    check_place(&arguments.out, &arguments.signals, "signals", SignalsFolder::is_own_file)?;
    if let Some(data) = arguments.fine.data() {
        check_place(&arguments.out, data, "data", |_| true)?;
    }
    let fine = arguments.fine.open(&arguments.columns, &arguments.signals, None)?;
    if fine.is_none() && arguments.split.needs_fine_labels() {
        return Err(Failure::usage(
            "`--split oracle` splits by fine labels: give `--data` and `--fine-column`",
        ));
    }
    let signals = SignalsFolder::open(&arguments.signals)?;
    teacher_warnings::of_signals(&signals, printer)?;
    let (fit, statistics) = arguments
        .split
        .fit(arguments.seed, &signals, fine.as_ref(), global.threads())
        .with_context(|| format!("fitting `{}`", arguments.signals.display()))?;
    storage::write(&arguments.out, &fit.to_bytes())?;
    let names = &signals.description().label_names;
    if arguments.json {
        printer.data(&report::as_json(&fit, names))?;
    } else {
        printer.data(&as_table(&fit, names))?;
    }
    report::warn(&fit, names, printer);
    report::warn_of_collapse(&statistics, names, printer);
    printer.step("wrote", &format!("`{}`", arguments.out.display()));
    Ok(())
}

//! The command line, as data: every option under one name in every command.

mod data;
mod encoder;
mod fit;
mod labels;
mod method;
mod split;
mod student;
mod training;

pub(crate) use data::ColumnArgs;
pub(crate) use encoder::{EncoderArgs, LogArgs};
pub(crate) use fit::FitArgs;
pub(crate) use labels::LabelArgs;
pub(crate) use method::MethodArgs;
pub(crate) use split::{FineArgs, SplitArgs};
pub(crate) use student::StudentArgs;
pub(crate) use training::TrainingArgs;

use std::num::NonZeroUsize;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Parser, Subcommand};

use crate::commands;
use crate::printer::Color;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Examples:
  See it work on bundled queries, in minutes
    lelp quickstart

  Your own data: a folder with train, validation and test files
    lelp pull sentence-transformers/all-MiniLM-L6-v2
    lelp teach   --encoder sentence-transformers/all-MiniLM-L6-v2 --data queries/ --out teacher
    lelp signals --teacher teacher --data queries/train.csv --out signals
    lelp distill --data queries/ --signals signals --method lelp --student ngram --out student
    lelp eval    --model student --data queries/test.csv
    echo 'where is my card?' | lelp predict --model student";

/// Distil a large text classifier into a small, fast one
///
/// With few classes a teacher's probabilities say little. LELP (arXiv:2409.20449) splits each class along
/// informative directions of the teacher's embeddings and trains the student on those subclasses.
#[derive(Debug, Parser)]
#[command(name = "lelp", version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

/// Options that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Print only errors and warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print settings and hashes as well
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,

    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,

    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

impl GlobalArgs {
    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Quickstart(commands::quickstart::Arguments),
    Pull(commands::pull::Arguments),
    Teach(commands::teach::Arguments),
    Signals(commands::signals::Arguments),
    Fit(commands::fit::Arguments),
    Targets(commands::targets::Arguments),
    Inspect(Box<commands::inspect::Arguments>),
    Distill(Box<commands::distill::Arguments>),
    Methods(commands::methods::Arguments),
    Compare(commands::compare::Arguments),
    Eval(commands::eval::Arguments),
    Predict(commands::predict::Arguments),
    Export(commands::export::Arguments),
    Report(commands::report::Arguments),
    Completions(commands::completions::Arguments),
    Man(commands::man::Arguments),
}

/// The name of `value` on the command line, in recipes and in files.
pub(crate) fn value_name(value: &impl clap::ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

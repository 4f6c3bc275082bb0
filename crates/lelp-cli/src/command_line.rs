//! The whole command line: `lelp`, its options and its commands.

use clap::Parser;
use clap::builder::styling::{AnsiColor, Styles};

use crate::args::GlobalArgs;
use crate::commands::Command;

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
    echo 'where is my card?' | lelp predict --model student

Words such as signals, members, beta, null space: lelp glossary";

/// Distil a large classifier of texts or tables into a small, fast one
///
/// With few classes a teacher's probabilities say little. LELP (arXiv:2409.20449) splits each class along
/// informative directions of the teacher's embeddings and trains the student on those subclasses.
#[derive(Debug, Parser)]
#[command(name = "lelp", version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: GlobalArgs,
}

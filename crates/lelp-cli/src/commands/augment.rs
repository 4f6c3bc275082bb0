//! `lelp augment`: texts made up of training texts.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lelp::counted;
use lelp_data::{Splits, storage};
use lelp_train::augment::{AugmentMethod, AugmentSettings, augment};

use super::check_place;
use crate::args::ColumnArgs;
use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  lelp augment --data queries/ --times 10 --out made-up.txt
  lelp distill --data queries/ --teacher teacher --unlabelled made-up.txt --out student";

/// Make up texts of the training texts, for a teacher to answer
///
/// Real texts of the domain are better wherever there are any, as in a log. Where there are none, `lelp distill
/// --unlabelled` takes what this writes: word by word from a model of which words follow which, or the beginning of one
/// training text with the end of another. No text comes twice, and none is a training text. The same seed gives the same
/// texts.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder with a train file, or one training file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,

    /// File for the texts: `.txt` for one a line, `.jsonl` for JSON Lines
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace the file if it is there already
    #[arg(long)]
    overwrite: bool,

    /// Texts for each training row
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "count")]
    times: usize,

    /// Texts in all, in place of --times
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// How texts are made up
    #[arg(long, value_enum, value_name = "HOW", default_value_t = MethodArg::Both)]
    method: MethodArg,

    /// Words that `ngram` looks at: one and those before it
    #[arg(long, value_name = "N", default_value_t = AugmentSettings::default().order)]
    order: usize,

    /// Probability with which `ngram` looks at one word less
    #[arg(long, value_name = "P", default_value_t = AugmentSettings::default().back_off)]
    back_off: f64,

    /// Seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    columns: ColumnArgs,
}

/// How texts are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodArg {
    /// Each word is drawn from those that follow the words before it.
    Ngram,
    /// The beginning of one text, and the end of another.
    Splice,
    /// One in turn with the other.
    Both,
}

impl From<MethodArg> for AugmentMethod {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Ngram => Self::Ngram,
            MethodArg::Splice => Self::Splice,
            MethodArg::Both => Self::Both,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, printer: Printer) -> Result<(), Failure> {
    let out = &arguments.out;
    let line = line_of(out)?;
    if out.exists() && !arguments.overwrite {
        return Err(CommandError::FileExists(out.clone()).into());
    }
    let columns = arguments.columns.settings();
    let Splits { train, validation, test } =
        Splits::open(&arguments.data, &columns.columns(), columns.labels.as_deref())?;
    for data in [Some(&train), validation.as_ref(), test.as_ref()].into_iter().flatten() {
        check_place(out, data.file(), "data", |_| true)?;
    }
    let settings = AugmentSettings {
        method: arguments.method.into(),
        count: arguments.count.unwrap_or_else(|| arguments.times.saturating_mul(train.rows())),
        order: arguments.order,
        back_off: arguments.back_off,
        seed: arguments.seed,
    };
    let column = columns.text.as_deref().unwrap_or("text");
    let texts = augment(train.table(), settings).map_err(Failure::usage)?;
    let mut written = 0;
    storage::write_with(out, |file| {
        for text in texts {
            writeln!(file, "{}", line(&text, column))?;
            written += 1;
        }
        Ok(())
    })?;
    printer.step(
        "wrote",
        &format!(
            "`{}`: {} of {}",
            out.display(),
            counted(written, "text"),
            counted(train.rows(), "training row")
        ),
    );
    if written < settings.count {
        printer.note(&format!("{} were asked for: the training texts give no more new ones", settings.count));
    }
    Ok(())
}

/// A text as a line of the file, by the ending of its name.
fn line_of(file: &Path) -> Result<fn(&str, &str) -> String, Failure> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("txt") => Ok(|text, _| text.to_owned()),
        Some("jsonl") => Ok(|text, column| serde_json::json!({ column: text }).to_string()),
        _ => Err(Failure::usage(format!("`{}` must end in .txt or .jsonl", file.display()))),
    }
}

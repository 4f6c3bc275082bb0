//! `lelp predict`: classify rows as they arrive.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lelp::{argmax, softmax};
use lelp_data::Text;
use lelp_data::{Columns, Example, Examples, Format};
use lelp_model::{Predictor, load_model};
use serde_json::{Map, Value, json};

use crate::args::{ColumnArgs, GlobalArgs};
use crate::failure::{Context, Failure};
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  echo 'where is my card?' | lelp predict --model student
  lelp predict --model student queries/new.csv --json > answers.jsonl";

/// Classify texts from a file or standard input, as they arrive
///
/// Prints a line for each text: class, probability and text, separated by tabs; with --json an object with all
/// probabilities. Standard input is read as one text a line, unless --format says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// File of texts, or - for standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,

    /// Format of standard input; that of a file follows from its name
    #[arg(long, value_enum, default_value_t = StreamFormat::Lines, value_name = "FORMAT")]
    format: StreamFormat,

    /// Print a JSON object for each text
    #[arg(long)]
    json: bool,

    /// Column of the text [default: `text`]
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,

    /// Column of the second text of a pair [default: `text_pair` where there is one]
    #[arg(long, value_name = "NAME")]
    pair_column: Option<String>,
}

/// Formats of standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StreamFormat {
    /// One text a line.
    Lines,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// A JSON object a line.
    Jsonl,
}

impl From<StreamFormat> for Format {
    fn from(format: StreamFormat) -> Self {
        match format {
            StreamFormat::Lines => Self::TextLines,
            StreamFormat::Csv => Self::Csv,
            StreamFormat::Tsv => Self::Tsv,
            StreamFormat::Jsonl => Self::JsonLines,
        }
    }
}

/// Rows of a file that are answered together. Rows of standard input are answered one by one, as soon as they arrive.
const BATCH: usize = 256;

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let model = load_model(&arguments.model, global.threads())?;
    let columns = ColumnArgs {
        text_column: arguments.text_column.clone(),
        pair_column: arguments.pair_column.clone(),
        ..ColumnArgs::default()
    };
    let columns = Columns { label: lelp_data::Wanted::No, ..columns.settings().columns() };
    let stream = arguments.file == Path::new("-");
    let examples = if stream {
        if io::stdin().is_terminal() {
            printer.note("type a text and press Enter; Ctrl-D ends");
        }
        let name = Path::new("standard input");
        Examples::from_reader(io::stdin(), arguments.format.into(), name, &columns)?
    } else {
        Examples::open(&arguments.file, &columns)?
    };
    let batch = if stream { 1 } else { BATCH };
    let answered = predict_all(model.as_ref(), examples, batch, arguments.json, printer);
    answered.with_context(|| format!("answering `{}`", arguments.file.display()))
}

fn predict_all(
    model: &dyn Predictor,
    examples: Examples,
    batch: usize,
    as_json: bool,
    printer: Printer,
) -> Result<(), Failure> {
    let mut waiting: Vec<Example> = Vec::with_capacity(batch);
    for example in examples {
        waiting.push(example?);
        if waiting.len() == batch {
            predict(model, &waiting, as_json, printer)?;
            waiting.clear();
        }
    }
    predict(model, &waiting, as_json, printer)
}

fn predict(
    model: &dyn Predictor,
    examples: &[Example],
    as_json: bool,
    printer: Printer,
) -> Result<(), Failure> {
    let texts: Vec<Text<'_>> =
        examples.iter().map(|example| Text { text: &example.text, pair: example.pair.as_deref() }).collect();
    let labels = model.labels();
    let probabilities = softmax(&model.logits_of_texts(&texts)?, labels.len())?;
    for (example, probabilities) in examples.iter().zip(probabilities.chunks_exact(labels.len())) {
        let line = if as_json {
            json_line(example, labels, probabilities)
        } else {
            tab_line(example, labels, probabilities)
        };
        printer.data(&line)?;
    }
    Ok(())
}

fn tab_line(example: &Example, labels: &[String], probabilities: &[f32]) -> String {
    let class = argmax(probabilities);
    // A tab or line break inside a text would make two cells or lines of it.
    let text = example.text.replace(['\t', '\n', '\r'], " ");
    format!("{}\t{:.4}\t{text}", labels[class], probabilities[class])
}

fn json_line(example: &Example, labels: &[String], probabilities: &[f32]) -> String {
    let all: Map<String, Value> =
        labels.iter().zip(probabilities).map(|(label, &p)| (label.clone(), json!(p))).collect();
    let mut line =
        json!({ "label": labels[argmax(probabilities)], "probabilities": all, "text": example.text });
    if let Some(pair) = &example.pair {
        line["text_pair"] = json!(pair);
    }
    line.to_string()
}

//! `lelp predict`: classify rows as they arrive.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lelp::{argmax, softmax};
use lelp_data::{ColumnRequest, ColumnSettings, Columns, Examples, Format, Table};
use lelp_model::{Predictor, load_model};
use lelp_report::inspect::RowContent;
use serde_json::{Map, Value, json};

use crate::args::{GlobalArgs, InputArgs};
use crate::failure::{Context, Failure};
use crate::model_columns::model_columns;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  echo 'where is my card?' | lelp predict --model student
  lelp predict --model student queries/new.csv --json > answers.jsonl";

/// Classify rows from a file or standard input, as they arrive
///
/// Prints a line for each row: class, probability and text (or the values of the columns), separated by tabs; with --json an
/// object with all probabilities. A model of texts reads standard input as one text a line; a model of vectors, numbers
/// and categories reads rows with the column names of its training, as JSON Lines or CSV.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// File of rows, or - for standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,

    /// Format of standard input; that of a file follows from its name [default: lines for a model of texts, else jsonl]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<StreamFormat>,

    /// Print a JSON object for each row
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: InputArgs,
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

impl StreamFormat {
    fn format(self) -> &'static Format {
        let name = match self {
            Self::Lines => "lines",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
        };
        Format::named(name).expect("these formats are in the registry")
    }
}

/// Rows of a file that are answered together. Rows of standard input are answered one by one, as soon as they arrive.
const BATCH: usize = 256;

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let model = load_model(&arguments.model, global.threads())?;
    let remembered = ColumnSettings::remembered(&arguments.model)?;
    let columns = arguments.columns.settings().or(remembered).or(model_columns(model.schema()));
    let columns = Columns { label: ColumnRequest::No, ..columns.columns() };
    let stream = arguments.file == Path::new("-");
    let examples = if stream {
        if io::stdin().is_terminal() {
            printer.note("type a row and press Enter; Ctrl-D ends");
        }
        let of_texts = model.schema().needed().is_text_only();
        let default = if of_texts { StreamFormat::Lines } else { StreamFormat::Jsonl };
        let format = arguments.format.unwrap_or(default);
        let name = Path::new("standard input");
        Examples::from_reader(io::stdin(), format.format(), name, &columns)?
    } else {
        Examples::open(&arguments.file, &columns)?
    };
    let batch = if stream { 1 } else { BATCH };
    let answered = predict_all(model.as_ref(), examples, batch, arguments.json, printer);
    answered.with_context(|| format!("answering `{}`", arguments.file.display()))
}

fn predict_all(
    model: &dyn Predictor,
    mut examples: Examples,
    batch: usize,
    as_json: bool,
    printer: Printer,
) -> Result<(), Failure> {
    while let Some(rows) = examples.next_table(batch)? {
        predict(model, &rows, as_json, printer)?;
    }
    Ok(())
}

fn predict(model: &dyn Predictor, rows: &Table, as_json: bool, printer: Printer) -> Result<(), Failure> {
    let labels = model.labels();
    let probabilities = softmax(&model.logits(rows)?, labels.len())?;
    for (row, probabilities) in probabilities.chunks_exact(labels.len()).enumerate() {
        let line = if as_json {
            json_line(rows, row, labels, probabilities)
        } else {
            tab_line(rows, row, labels, probabilities)
        };
        printer.data(&line)?;
    }
    Ok(())
}

/// Class, probability, and the text or, without a text, the values by the names of their columns.
fn tab_line(rows: &Table, row: usize, labels: &[String], probabilities: &[f32]) -> String {
    let class = argmax(probabilities);
    let input = match rows.text(row) {
        Some(row) => row.text.to_owned(),
        None => RowContent::of(rows, row).to_text(" "),
    };
    // A tab or line break inside a text would make two cells or lines of it.
    let input = input.replace(['\t', '\n', '\r'], " ");
    format!("{}\t{:.4}\t{input}", labels[class], probabilities[class])
}

fn json_line(rows: &Table, row: usize, labels: &[String], probabilities: &[f32]) -> String {
    let all: Map<String, Value> =
        labels.iter().zip(probabilities).map(|(label, &p)| (label.clone(), json!(p))).collect();
    let mut line = json!({ "label": labels[argmax(probabilities)], "probabilities": all });
    if let Some(text) = rows.text(row) {
        line["text"] = json!(text.text);
        if let Some(pair) = text.pair {
            line["text_pair"] = json!(pair);
        }
    }
    let columns: Map<String, Value> = values(rows, row).into_iter().collect();
    if !columns.is_empty() {
        line["columns"] = Value::Object(columns);
    }
    line.to_string()
}

/// The numbers and categories of a row by their names; vectors are too long to repeat.
fn values(rows: &Table, row: usize) -> Vec<(String, Value)> {
    let schema = rows.schema();
    let name = |column: usize| schema.fields()[column].name.clone();
    let numbers = schema.numbers().map(|column| (name(column), json!(rows.number(row, column))));
    numbers
        .chain(schema.categories().map(|column| (name(column), json!(rows.category(row, column)))))
        .collect()
}

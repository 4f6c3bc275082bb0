//! `lelp predict`: classify rows as they arrive.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lelp::{argmax, counted, softmax};
use lelp_data::{ColumnRequest, ColumnSettings, Columns, DataError, Examples, Format, Table};
use lelp_model::{Pairs, PredictError, Predictor, load_model};
use lelp_report::inspect::RowContent;
use serde_json::{Map, Value, json};

use crate::args::{GlobalArgs, InputArgs, PrecisionArgs, SAMPLE};
use crate::command_error::CommandError;
use crate::data_notices;
use crate::failure::{Context, Failure};
use crate::model_columns::{asked_columns, passes_over_pair};
use crate::printer::Printer;
use crate::terminal_text::single_line;

const EXAMPLES: &str = "\
Examples:
  echo 'where is my card?' | lelp predict --model student
  lelp predict --model student queries/new.csv --json > answers.jsonl
  lelp predict --model student queries/new.csv --carry id --on-error skip > answers.tsv";

/// Classify rows from a file or standard input, as they arrive
///
/// Prints a line for each row, its cells separated by tabs: class, probability, the columns of --carry, and the text, both
/// texts of a pair, or the values of the columns; with --json an object with all probabilities. A model of texts reads standard
/// input as one text a line; a model of vectors, numbers and categories reads rows with the column names of its training, as
/// JSON Lines or CSV.
///
/// A row that cannot be read ends the answers to a file. Of standard input it is marked, so that each line has its answer:
/// a line with two empty cells and what is wrong, or an object with `error`; the exit code is 1 then, unless --on-error
/// asked for it.
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

    /// Columns to carry from each row to its answer, such as an id
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    carry: Vec<String>,

    /// What becomes of a row that cannot be read [default: mark for standard input, fail for a file]
    #[arg(long, value_enum, value_name = "WHAT")]
    on_error: Option<OnError>,

    #[command(flatten)]
    precision: PrecisionArgs,

    #[command(flatten)]
    columns: InputArgs,
}

/// What becomes of a row that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// End with its error.
    Fail,
    /// Warn, and go on without an answer to it.
    Skip,
    /// Warn, and answer it with the error.
    Mark,
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
    let model = load_model(&arguments.model, arguments.precision.options(global))?;
    let given = arguments.columns.settings();
    let columns = asked_columns(given.clone(), &arguments.model, model.schema())?;
    let carried = arguments.carry.clone();
    let columns = Columns { label: ColumnRequest::No, carried, ..columns.columns() };
    let stream = arguments.file == Path::new("-");
    let examples = if stream {
        if io::stdin().is_terminal() {
            printer.note("type a row and press Enter; Ctrl-D ends");
        }
        let of_texts = model.schema().needed().is_text_only();
        let default = if of_texts { StreamFormat::Lines } else { StreamFormat::Jsonl };
        let format = arguments.format.unwrap_or(default);
        let name = Path::new("standard input");
        arguments.precision.warn_unmeasured(printer);
        Examples::from_reader(io::stdin(), format.format(), name, &columns)?
    } else {
        Examples::open(&arguments.file, &columns)?
    };
    let answering = Answering {
        model: model.as_ref(),
        folder: &arguments.model,
        precision: (!stream && !arguments.precision.is_exact()).then_some((&arguments.precision, global)),
        file: if stream { Path::new("standard input") } else { &arguments.file },
        given: &given,
        carried: &arguments.carry,
        as_json: arguments.json,
        on_error: arguments.on_error.unwrap_or(if stream { OnError::Mark } else { OnError::Fail }),
        printer,
    };
    let answered = answering.all(examples, if stream { 1 } else { BATCH });
    let bad = answered.with_context(|| format!("answering `{}`", arguments.file.display()))?;
    // Whoever asked to go on has been told; whoever did not must not take the answers for whole.
    if bad > 0 && arguments.on_error.is_none() {
        return Err(CommandError::BadRows { rows: bad }.into());
    }
    Ok(())
}

/// How rows are answered.
struct Answering<'a> {
    model: &'a dyn Predictor,
    folder: &'a Path,
    /// What the precision may lose, where that is measured on the first rows.
    precision: Option<(&'a PrecisionArgs, &'a GlobalArgs)>,
    file: &'a Path,
    /// Names of columns that were given.
    given: &'a ColumnSettings,
    carried: &'a [String],
    as_json: bool,
    on_error: OnError,
    printer: Printer,
}

impl Answering<'_> {
    /// Answers all rows, and gives the number of those that could not be read.
    fn all(&self, mut examples: Examples, batch: usize) -> Result<usize, Failure> {
        let (mut bad, mut single, mut alone) = (0, None, 0);
        let of_pairs = Pairs::of(self.folder, self.model.schema())? == Pairs::Always;
        loop {
            let first = single.is_none() && self.precision.is_some();
            match examples.next_table(if first { SAMPLE } else { batch }) {
                Ok(Some(rows)) => {
                    let single = match single {
                        Some(known) => known,
                        None => *single.insert(self.passes_over_pair(&rows)?),
                    };
                    let needed = self.needed(&rows, single)?;
                    if let (true, Some((precision, global))) = (first, self.precision) {
                        precision.check_rows(self.model, self.folder, &needed, None, global, self.printer)?;
                    }
                    self.answer(&rows, &needed)?;
                    let is_alone = |row: &usize| rows.text(*row).is_some_and(|text| text.pair.is_none());
                    alone += (0..rows.rows()).filter(is_alone).count();
                }
                Ok(None) => break,
                Err(error) if error.is_of_row() && self.on_error != OnError::Fail => {
                    bad += 1;
                    self.bad_row(&error)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        data_notices::warn(&examples.notices(), self.printer);
        if of_pairs && alone > 0 {
            let rows = counted(alone, "row");
            self.printer.warn(&format!("{rows} had no second text, and the model was made of pairs"));
        }
        Ok(bad)
    }

    fn bad_row(&self, error: &DataError) -> Result<(), Failure> {
        let said = single_line(&error.to_string());
        self.printer.warn(&said);
        match (self.on_error, self.as_json) {
            (OnError::Mark, true) => self.printer.data(&json!({ "error": said }).to_string())?,
            (OnError::Mark, false) => self.printer.data(&format!("\t\t{said}"))?,
            _ => {}
        }
        Ok(())
    }

    fn passes_over_pair(&self, rows: &Table) -> Result<bool, Failure> {
        let (file, schema) = (self.file, rows.schema());
        passes_over_pair(self.given, self.folder, self.model, schema, file, self.printer)
    }

    /// What the model reads of rows: the first texts of pairs alone where `single` says so.
    fn needed<'t>(&self, rows: &'t Table, single: bool) -> Result<Cow<'t, Table>, Failure> {
        if !single {
            return Ok(Cow::Borrowed(rows));
        }
        let first = rows.conform(self.model.schema().needed()).map_err(PredictError::from)?;
        Ok(Cow::Owned(first))
    }

    /// Answers `rows`, of which the model reads `needed`.
    fn answer(&self, rows: &Table, needed: &Table) -> Result<(), Failure> {
        let labels = self.model.labels();
        let probabilities = softmax(&self.model.logits(needed)?, labels.len())?;
        for (row, probabilities) in probabilities.chunks_exact(labels.len()).enumerate() {
            let line = if self.as_json {
                json_line(rows, row, labels, probabilities)
            } else {
                tab_line(rows, row, labels, probabilities, self.carried)
            };
            self.printer.data(&line)?;
        }
        Ok(())
    }
}

/// Class, probability, what is carried, and the text or pair of texts or, without a text, the values by the names
/// of their columns.
fn tab_line(
    rows: &Table,
    row: usize,
    labels: &[String],
    probabilities: &[f32],
    carried: &[String],
) -> String {
    let class = argmax(probabilities);
    let mut cells = vec![labels[class].clone(), format!("{:.4}", probabilities[class])];
    cells.extend(carried.iter().map(|name| column(rows, row, name)));
    if let Some(text) = rows.text(row) {
        // A pair without its second text keeps the cell, so that all lines have as many.
        let pair = text.pair.or(rows.schema().pair().map(|_| ""));
        cells.extend([Some(text.text), pair].into_iter().flatten().map(str::to_owned));
    } else {
        let mut content = RowContent::of(rows, row);
        content.columns.retain(|column| !carried.contains(&column.column));
        cells.push(content.to_text(" "));
    }
    // A tab or line break inside of a cell would make two cells or lines of it.
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
    cells.join("\t")
}

/// What is in a column of a row, as text; nothing where it is missing.
fn column(rows: &Table, row: usize, name: &str) -> String {
    let Some(place) = rows.schema().column(name) else { return String::new() };
    rows.value(row, place).to_string()
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

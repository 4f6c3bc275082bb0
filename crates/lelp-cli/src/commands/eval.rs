//! `lelp eval`: measure a model on labelled data.

use std::path::PathBuf;

use lelp::stats::Interval;
use lelp_data::SignalsFolder;
use lelp_train::evaluate::{
    ClassFigures, Details, EvaluateError, PrecisionReport, Report, Speed, ThresholdFigures, details, report,
    speed,
};
use serde::Serialize;

use crate::args::{ColumnArgs, GlobalArgs, PrecisionArgs};
use crate::asked_model::{AskedModel, answer_all};
use crate::failure::Failure;
use crate::interrupt;
use crate::overlaps;
use crate::printer::Printer;
use crate::terminal_text::single_line;
use crate::text_table::TextTable;

const EXAMPLES: &str = "\
Examples:
  lelp eval --model student --data queries/test.csv
  lelp eval --model student --data spam.csv --labels ham,spam --costs 20,1 --threshold 0.5,0.9,0.97";

/// Measure a teacher or student on labelled data
///
/// Prints the figures beside those of always answering the most frequent class, with 95 % intervals by bootstrap over the
/// rows; precision, recall, F1 and the area under precision over recall of each class; the confusion matrix; the
/// calibration; and, with two classes, what other thresholds than one half give. With the teacher's signals on the same
/// file also how often student and teacher agree. Rows that the training file has too are told, as figures on them say nothing
/// of new ones. --json has all of it, and the curve over 101 thresholds.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Data file with labels
    #[arg(long, value_name = "FILE")]
    data: PathBuf,

    /// Folder with the training file, or the file, to tell how many rows are in it too [default: that of the student's run]
    #[arg(long, value_name = "PATH")]
    train: Option<PathBuf>,

    /// The teacher's signals on the same file, to measure agreement
    #[arg(long, value_name = "DIR")]
    signals: Option<PathBuf>,

    /// What a row of each class costs that is answered otherwise, in the order of the classes
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', value_parser = cost)]
    costs: Option<Vec<f64>>,

    /// With two classes: the thresholds to show, from which on the second class is answered [default: 13 of them]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', value_parser = threshold)]
    threshold: Option<Vec<f64>>,

    #[command(flatten)]
    precision: PrecisionArgs,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let Arguments { model: folder, data: file, columns, precision, .. } = arguments;
    let AskedModel { model, data } =
        AskedModel::open(folder, file, columns, precision.options(global), printer)?;
    let precision = precision.check(model.as_ref(), folder, &data, global, printer)?;
    let teacher = match &arguments.signals {
        None => None,
        Some(folder) => {
            let signals = SignalsFolder::open(folder)?;
            signals.check_data(&data)?;
            Some(signals.logits()?)
        }
    };
    let cancel = interrupt::cancel_flag()?;
    let answers = answer_all(model.as_ref(), &data, &arguments.data, "answering", &cancel, printer)?;
    let mut report = report(&answers, &data, teacher.as_deref())?;
    let speed = speed(model.as_ref(), &data, report.microseconds_per_text, &cancel)?;
    report.microseconds_per_text = speed.median;
    let details = details(&answers, &data, arguments.costs.as_deref(), arguments.threshold.as_deref())
        .map_err(|error| match error {
            EvaluateError::Costs { .. } => Failure::usage(error),
            error => error.into(),
        })?;
    for class in details.classes.iter().filter(|class| class.scores.answered == 0 && class.scores.rows > 0) {
        let (label, rows) = (single_line(&class.label), class.scores.rows);
        let have = if rows == 1 { "row has" } else { "rows have" };
        printer.warn(&format!("class `{label}` is never answered, but {rows} {have} it"));
    }
    let (given, train) = (arguments.columns.settings(), arguments.train.as_deref());
    let in_training = overlaps::with_training(&arguments.model, given, train, &data, printer)?;
    if arguments.json {
        return Ok(printer.json(&FullReport { report, speed, details, in_training, precision })?);
    }
    let tables = [
        scores_table(&report, speed, &details),
        classes_table(&details),
        confusion_table(&report),
        calibration_table(&report),
        thresholds_table(&report, &details),
    ];
    printer.data(&tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n\n"))?;
    Ok(())
}

/// All figures, as one JSON object.
#[derive(Serialize)]
struct FullReport {
    #[serde(flatten)]
    report: Report,
    /// `microseconds_per_text` with its spread.
    speed: Speed,
    #[serde(flatten)]
    details: Details,
    /// Rows that the training file has too, where it is known.
    in_training: Option<usize>,
    /// What the encoder's precision costs, where it is not f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<PrecisionReport>,
}

fn cost(text: &str) -> Result<f64, String> {
    let cost: f64 = text.trim().parse().map_err(|_| "a cost is a number".to_owned())?;
    if cost.is_finite() && cost >= 0.0 { Ok(cost) } else { Err("a cost is a number from 0 on".to_owned()) }
}

fn threshold(text: &str) -> Result<f64, String> {
    let threshold = text.trim().parse().ok().filter(|threshold| (0.0..=1.0).contains(threshold));
    threshold.ok_or_else(|| "a threshold is a number from 0 to 1".to_owned())
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

fn scores_table(report: &Report, speed: Speed, details: &Details) -> String {
    let Details { majority, .. } = details;
    let heading = format!("always `{}`", majority.label);
    let mut table = TextTable::new(&["rows", &report.labelled_rows.to_string(), "95 % interval", &heading]);
    let mut line = |name: &str, value: String, interval: Option<Interval>, majority: Option<f64>| {
        let interval =
            interval.map_or_else(String::new, |Interval { low, high }| format!("{low:.4} to {high:.4}"));
        let majority = majority.map_or_else(String::new, |value| format!("{value:.4}"));
        table.row(&[name.to_owned(), value, interval, majority]);
    };
    let of = |value: f64| format!("{value:.4}");
    line("accuracy", of(report.accuracy), details.accuracy_interval, Some(majority.accuracy));
    line("macro-F1", of(report.macro_f1), details.macro_f1_interval, Some(majority.macro_f1));
    if let Some(auc) = report.auc {
        line("AUC", of(auc), details.auc_interval, Some(0.5));
    }
    if let Some(average) = details.average_precision {
        line("average precision (PR-AUC)", of(average), details.average_precision_interval, None);
    }
    line("negative log-likelihood", of(report.negative_log_likelihood), None, None);
    line("expected calibration error", of(report.expected_calibration_error), None, None);
    if let Some(cost) = details.cost {
        line("mean cost of a row", of(cost), None, majority.cost);
    }
    if let Some(agreement) = report.agreement {
        line("agreement with the teacher", of(agreement), None, None);
    }
    let Speed { median, low, high, .. } = speed;
    line("microseconds a text", format!("{median:.1} ({low:.1} to {high:.1})"), None, None);
    table.to_string()
}

/// The figures of each class.
fn classes_table(details: &Details) -> String {
    let mut table =
        TextTable::new(&["class", "rows", "answered", "precision", "recall", "F1", "average precision"]);
    for ClassFigures { label, scores } in &details.classes {
        let figures = [scores.precision, scores.recall, scores.f1, scores.average_precision].map(figure);
        let counts = [scores.rows, scores.answered].map(|count| count.to_string());
        table.row(&[std::slice::from_ref(label), &counts[..], &figures[..]].concat());
    }
    table.to_string()
}

/// Confidence and accuracy by bins of confidence.
fn calibration_table(report: &Report) -> String {
    let mut table = TextTable::new(&["confidence", "rows", "accuracy"]);
    for bin in &report.calibration {
        table.row(&[format!("{:.4}", bin.confidence), bin.rows.to_string(), format!("{:.4}", bin.accuracy)]);
    }
    table.to_string()
}

/// What other thresholds give; nothing where there are not two classes.
fn thresholds_table(report: &Report, details: &Details) -> String {
    let [_, label] = &report.labels[..] else { return String::new() };
    let heading = format!("`{label}` from");
    let mut headings = vec![heading.as_str(), "answered", "precision", "recall", "F1"];
    if details.cost.is_some() {
        headings.push("mean cost");
    }
    let mut table = TextTable::new(&headings);
    for ThresholdFigures { scores, cost } in &details.thresholds {
        let mut cells = vec![scores.threshold.to_string(), scores.answered.to_string()];
        cells.extend([scores.precision, scores.recall, scores.f1].map(figure));
        cells.extend(cost.map(|cost| format!("{cost:.4}")));
        table.row(&cells);
    }
    table.to_string()
}

/// The confusion matrix: a line for each label, a column for each answer.
fn confusion_table(report: &Report) -> String {
    let mut headings = vec!["label \\ answer"];
    headings.extend(report.labels.iter().map(String::as_str));
    let mut table = TextTable::new(&headings);
    for (name, counts) in report.labels.iter().zip(&report.confusion) {
        let mut cells = vec![name.clone()];
        cells.extend(counts.iter().map(u64::to_string));
        table.row(&cells);
    }
    table.to_string()
}

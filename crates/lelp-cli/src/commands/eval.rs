//! `lelp eval`: measure a model on labelled data.

use std::path::PathBuf;

use lelp_data::{ColumnSettings, Dataset, SignalsFolder};
use lelp_model::load_model;
use lelp_train::evaluate::{Report, answer, report};

use crate::args::{ColumnArgs, GlobalArgs};
use crate::data_notices;
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::model_columns::{class_names, model_columns};
use crate::printer::Printer;
use crate::progress::Rows;
use crate::text_table::TextTable;

/// Measure a teacher or student on labelled data
///
/// Prints accuracy, macro-F1, AUC, negative log-likelihood, calibration error and the confusion matrix; with the
/// teacher's signals on the same file also how often student and teacher agree.
///
/// Example: lelp eval --model student --data queries/test.csv
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Data file with labels
    #[arg(long, value_name = "FILE")]
    data: PathBuf,

    /// The teacher's signals on the same file, to measure agreement
    #[arg(long, value_name = "DIR")]
    signals: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let model = load_model(&arguments.model, global.threads())?;
    let remembered = ColumnSettings::remembered(&arguments.model)?;
    let columns = arguments.columns.settings().or(remembered).or(model_columns(model.schema()));
    let names = class_names(columns.labels.as_deref(), model.labels())?;
    // A name of one of the classes never means that there is no label.
    let columns = ColumnSettings { labels: Some(names.to_vec()), ..columns.clone() }.columns();
    let data = Dataset::open(&arguments.data, &columns)?.with_labels(names)?;
    data_notices::warn(data.notices(), printer);
    let teacher = match &arguments.signals {
        None => None,
        Some(folder) => {
            let signals = SignalsFolder::open(folder)?;
            signals.check_data(&data)?;
            Some(signals.logits()?)
        }
    };
    let cancel = interrupt::cancel_flag()?;
    let bar = Rows::new(printer, "answering", data.rows());
    let answers = answer(model.as_ref(), &data, &mut |done| bar.set(done), &cancel)
        .with_context(|| format!("answering `{}`", arguments.data.display()))?;
    bar.finish();
    let report = report(&answers, &data, teacher.as_deref())?;
    if arguments.json {
        printer.json(&report)?;
    } else {
        printer.data(&scores_table(&report))?;
        printer.data("")?;
        printer.data(&confusion_table(&report))?;
    }
    Ok(())
}

fn scores_table(report: &Report) -> String {
    let mut table = TextTable::new(&["rows", &report.labelled_rows.to_string()]);
    let mut line = |name: &str, value: String| table.row(&[name.to_owned(), value]);
    line("accuracy", format!("{:.4}", report.accuracy));
    line("macro-F1", format!("{:.4}", report.macro_f1));
    if let Some(auc) = report.auc {
        line("AUC", format!("{auc:.4}"));
    }
    line("negative log-likelihood", format!("{:.4}", report.negative_log_likelihood));
    line("expected calibration error", format!("{:.4}", report.expected_calibration_error));
    if let Some(agreement) = report.agreement {
        line("agreement with the teacher", format!("{agreement:.4}"));
    }
    line("microseconds a text", format!("{:.1}", report.microseconds_per_text));
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

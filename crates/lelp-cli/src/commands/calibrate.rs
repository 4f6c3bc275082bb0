//! `lelp calibrate`: probabilities that are as likely right as they say.

use std::path::PathBuf;

use lelp::{CalibrationTemperature, counted};
use lelp_model::{Calibration, LoadOptions};
use lelp_train::evaluate::calibrate;

use crate::args::{ColumnArgs, GlobalArgs};
use crate::asked_model::{AskedModel, answer_all};
use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::interrupt;
use crate::overlaps;
use crate::printer::Printer;
use crate::text_table::TextTable;

/// Fit the temperature of a model's probabilities on labelled data
///
/// The temperature that makes the labels of the file most likely (Guo et al. 2017) is put beside the model, as
/// calibration.json: predict, eval, serve and whoever else loads the model use it. Answers stay the same, their probabilities
/// do not. Fit it on validation rows, and look at test rows with `lelp eval`. A teacher's signals stay as they are. What
/// `lelp export` writes from then on has it too.
///
/// Example: lelp calibrate --model student --data queries/validation.csv
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of a teacher or student, or of a Hugging Face sequence classifier
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Data file with labels, of rows that the model was not trained on
    #[arg(long, value_name = "FILE")]
    data: PathBuf,

    /// Keep the temperature also where the rows do not say which is best
    #[arg(long)]
    force: bool,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    // As the model is by itself, whatever another run puts beside it meanwhile.
    let options = LoadOptions { calibrated: false, ..global.threads().into() };
    let AskedModel { model, data } =
        AskedModel::open(&arguments.model, &arguments.data, &arguments.columns, options, printer)?;
    overlaps::with_training(&arguments.model, arguments.columns.settings(), None, &data, printer)?;
    let cancel = interrupt::cancel_flag()?;
    let answers = answer_all(model.as_ref(), &data, &arguments.data, "answering", &cancel, printer)?;
    let calibration = calibrate(&answers, &data)?;
    if calibration.temperature.is_at_an_end() {
        let error = CommandError::NoCalibration {
            rows: calibration.rows,
            all_right: calibration.before.accuracy >= 1.0,
        };
        if !arguments.force {
            return Err(error.into());
        }
        printer.warn(&error.to_string());
    }
    calibration.save(&arguments.model)?;
    if arguments.json {
        return Ok(printer.json(&calibration)?);
    }
    printer.data(&table(&calibration))?;
    Ok(())
}

fn table(calibration: &Calibration) -> String {
    let (before, after) = (&calibration.before, &calibration.after);
    let rows = counted(calibration.rows, "row");
    let mut table = TextTable::new(&[&rows, "before", "after"]);
    for (name, before, after) in [
        ("temperature", 1.0, CalibrationTemperature::get(calibration.temperature)),
        ("negative log-likelihood", before.negative_log_likelihood, after.negative_log_likelihood),
        ("expected calibration error", before.expected_calibration_error, after.expected_calibration_error),
        ("accuracy", before.accuracy, after.accuracy),
    ] {
        table.row(&[name.to_owned(), format!("{before:.4}"), format!("{after:.4}")]);
    }
    table.to_string()
}

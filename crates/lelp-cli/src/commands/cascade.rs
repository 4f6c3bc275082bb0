//! `lelp cascade`: how sure a student must be to answer in its teacher's place.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::ArgGroup;
use lelp::counted;
use lelp::stats::CascadePromise;
use lelp_data::{Dataset, SignalsFolder};
use lelp_model::{
    Calibration, CascadeChoice, CascadeFigures, CascadeTeacher, ClassOrder, Pairs, Predictor, load_model,
};
use lelp_train::evaluate::{CascadeReport, cascade};

use crate::args::{ColumnArgs, GlobalArgs};
use crate::asked_model::{AskedModel, answer_all};
use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::interrupt;
use crate::overlaps;
use crate::printer::Printer;
use crate::text_table::TextTable;

const EXAMPLES: &str = "\
Examples:
  lelp cascade --model student --teacher teacher --data queries/validation.csv --agreement 0.98
  lelp serve   --model student --fallback teacher";

/// Choose how sure a student must be to answer in its teacher's place
///
/// Rows of which the student is less sure than a threshold go to the teacher. Chosen is the lowest threshold of a fixed grid at
/// which the two together answer as the teacher alone would for at least --agreement of all rows like these, by Clopper and
/// Pearson's bound, tested from the strictest threshold on: with the chance of --confidence over the drawing of the rows. It is
/// put beside the student as cascade.json, and `lelp serve --fallback` uses it. Give rows that neither model was trained on;
/// labels are not needed, but with them the accuracy is shown too.
///
/// Prints what share of rows the teacher gets, and a curve of agreement, accuracy and, with --price, cost.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("teachers").required(true)))]
pub(crate) struct Arguments {
    /// Folder of the student
    #[arg(long, value_name = "DIR")]
    model: PathBuf,

    /// Folder of the teacher, with the same classes
    #[arg(long, value_name = "DIR", group = "teachers")]
    teacher: Option<PathBuf>,

    /// The teacher's signals on the same file, in place of the teacher
    #[arg(long, value_name = "DIR", group = "teachers")]
    signals: Option<PathBuf>,

    /// Data file of rows that neither was trained on
    #[arg(long, value_name = "FILE")]
    data: PathBuf,

    /// Share of rows to be answered as the teacher answers
    #[arg(long, value_name = "SHARE", default_value_t = 0.99)]
    agreement: f64,

    /// How sure that is to be
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,

    /// What the teacher costs for a million rows, in any currency
    #[arg(long, value_name = "PRICE", value_parser = price)]
    price: Option<f64>,

    /// Print the choice and the whole curve as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    columns: ColumnArgs,
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let promise = CascadePromise::new(arguments.agreement, arguments.confidence).map_err(|error| {
        let share = error.value / 100.0;
        let failure = Failure::usage(error);
        // 98 means 98 in a hundred; 1 to 2 may mean anything.
        if (0.02..1.0).contains(&share) {
            failure.with_hint(format!("a share is meant: {share}?"))
        } else {
            failure
        }
    })?;
    let AskedModel { model, data } =
        AskedModel::open(&arguments.model, &arguments.data, &arguments.columns, global.threads(), printer)?;
    overlaps::with_training(&arguments.model, arguments.columns.settings(), None, &data, printer)?;
    let cancel = interrupt::cancel_flag()?;
    let (teacher, logits) = arguments.teacher(model.as_ref(), &data, global, &cancel, printer)?;
    let answers = answer_all(model.as_ref(), &data, &arguments.data, "student", &cancel, printer)?;
    let report = cascade(&answers, &logits, &data, promise, arguments.price);
    let calibration = Calibration::of(&arguments.model)?;
    let choice = CascadeChoice {
        threshold: report.chosen.point.threshold,
        agreement: promise.agreement(),
        confidence: promise.confidence(),
        rows: report.rows,
        to_teacher: report.chosen.to_teacher,
        temperature: calibration.map(|calibration| calibration.temperature.get()),
        teacher,
        curve: curve(&report),
    };
    choice.save(&arguments.model)?;
    if report.chosen.point.kept == 0 {
        printer.warn(&format!(
            "no threshold keeps the promise on {}, so that all go to the teacher; give more rows, or ask for less",
            counted(report.rows, "row")
        ));
    }
    if arguments.json {
        return Ok(printer.json(&report)?);
    }
    printer.data(&table(&report))?;
    Ok(())
}

impl Arguments {
    /// The teacher and its logits, its classes in the student's order.
    fn teacher(
        &self,
        student: &dyn Predictor,
        data: &Dataset,
        global: &GlobalArgs,
        cancel: &AtomicBool,
        printer: Printer,
    ) -> Result<(CascadeTeacher, Vec<f32>), Failure> {
        let Some(folder) = &self.teacher else {
            let signals = SignalsFolder::open(self.signals.as_ref().expect("one of the two is required"))?;
            signals.check_data(data)?;
            return Ok((CascadeTeacher::of_signals(&signals), signals.logits()?));
        };
        let teacher = load_model(folder, global.threads())?;
        let (labels, own) = (student.labels(), teacher.labels());
        let order = ClassOrder::of(labels, own)
            .ok_or_else(|| CommandError::OtherClasses { student: labels.to_vec(), teacher: own.to_vec() })?;
        let [student, reads] =
            [Pairs::of(&self.model, student.schema())?, Pairs::of(folder, teacher.schema())?];
        if !student.fits(reads) {
            let (student, teacher) = (student.describe(), reads.describe());
            return Err(CommandError::OtherTexts { student, teacher }.into());
        }
        let answers = answer_all(teacher.as_ref(), data, &self.data, "teacher", cancel, printer)?;
        let teacher = CascadeTeacher::of(teacher.as_ref(), folder)?;
        Ok((teacher, order.apply(&answers.logits)))
    }
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.trim().parse().ok().filter(|price| (0.0..f64::INFINITY).contains(price));
    price.ok_or_else(|| "a price is a number from 0 on".to_owned())
}

/// The whole curve, of thresholds that keep the same rows only the strictest.
fn curve(report: &CascadeReport) -> Vec<CascadeFigures> {
    let mut curve = report.curve.clone();
    curve.dedup_by_key(|figures| figures.point.kept);
    curve
}

/// Lines of the curve between the two ends and the choice: as many as a terminal has room for.
const SHOWN: usize = 12;

/// The choice, and the curve around it.
fn table(report: &CascadeReport) -> String {
    let mut headings = vec!["", "sure from", "to teacher", "agreement", "at least"];
    headings.extend(report.chosen.accuracy.map(|_| "accuracy"));
    headings.extend(report.chosen.cost.map(|_| "cost of a million"));
    let mut table = TextTable::new(&headings);
    let curve = curve(report);
    let step = curve.len().div_ceil(SHOWN);
    let last = curve.len() - 1;
    for (place, figures) in curve.into_iter().enumerate() {
        let chosen = figures.point.kept == report.chosen.point.kept;
        if place % step != 0 && place != last && !chosen {
            continue;
        }
        let point = &figures.point;
        let threshold =
            if point.threshold > 1.0 { "-".to_owned() } else { format!("{:.5}", point.threshold) };
        let mut cells = vec![if chosen { "chosen" } else { "" }.to_owned(), threshold];
        cells.extend(
            [figures.to_teacher, point.agreement, point.agreement_bound].map(|share| format!("{share:.4}")),
        );
        cells.extend(figures.accuracy.map(|accuracy| format!("{accuracy:.4}")));
        cells.extend(figures.cost.map(|cost| format!("{cost:.2}")));
        table.row(&cells);
    }
    table.to_string()
}

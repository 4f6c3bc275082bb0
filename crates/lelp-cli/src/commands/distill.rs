//! `lelp distill`: a student.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use lelp::Rotation;
use lelp_infer::ngram::NgramModel;
use lelp_train::distill::{
    DistillSettings, Distillation, Distilled, Recipe, StudentSettings, Task, check_free, save,
};
use lelp_train::evaluate::{answer, report};
use lelp_train::method::{Combination, GuardError};

use crate::args::{ColumnArgs, FitArgs, GlobalArgs, MethodArgs, TrainingArgs};
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::printer::Printer;
use crate::progress;

/// Train a student on the teacher's signals
///
/// `ce` learns from labels alone; `kd` from the teacher's probabilities; `lelp` from subclasses that the teacher's
/// embeddings show; `lelp methods` tells of all. Rows without a label are welcome to all but `ce` and `dkd`. The best
/// epoch is chosen on the validation file, or on a tenth of the training file, held out by hash of the text.
///
/// Every setting can also stand in a recipe (TOML); a flag wins over it. `run.json` in the student's folder records
/// all of them, and `metrics.jsonl` every term of the loss, epoch by epoch.
///
/// Examples:
///   lelp distill --data queries/ --signals signals --method lelp --student ngram --out student
///   lelp distill --data queries/ --signals signals --method lelp --add fitnet --out student
///   lelp distill --recipe student.toml --out student --seed 7
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Settings in TOML, with the tables [distill], [model], [train], [columns]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,

    /// Folder with train, validation and test files, or one training file
    #[arg(long, value_name = "PATH", required_unless_present = "recipe")]
    data: Option<PathBuf>,

    /// Folder of the teacher's signals on the training file
    #[arg(long, value_name = "DIR")]
    signals: Option<PathBuf>,

    /// What the student is [default: ngram]
    #[arg(long, value_enum, value_name = "STUDENT")]
    student: Option<StudentArg>,

    /// Folder for the student
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace a model that is in the folder already
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    method: MethodArgs,

    #[command(flatten)]
    fit: FitArgs,

    #[command(flatten)]
    ngram: NgramArgs,

    #[command(flatten)]
    training: TrainingArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "N-gram student")]
struct NgramArgs {
    /// Columns of the feature table [default: 32]
    #[arg(long, value_name = "N")]
    width: Option<usize>,

    /// Units of the hidden layer; 0 for none [default: 64]
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,

    /// Rows of the feature table, a power of two [default: 262144]
    #[arg(long, value_name = "N")]
    buckets: Option<usize>,

    /// Shortest character n-gram; 0 for words alone [default: 0]
    #[arg(long, value_name = "N")]
    min_characters: Option<usize>,

    /// Longest character n-gram [default: that of --min-characters]
    #[arg(long, value_name = "N")]
    max_characters: Option<usize>,

    /// Probability of leaving a feature out of a training step [default: 0.2]
    #[arg(long, value_name = "P")]
    dropout: Option<f32>,

    /// Save the feature table in 8 bits, and say what that costs
    #[arg(long)]
    int8: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StudentArg {
    /// Hashed words and bigrams over a mean-pooled table: microseconds a text.
    Ngram,
}

impl Arguments {
    fn settings(&self) -> Result<DistillSettings, Failure> {
        let mut recipe = match &self.recipe {
            Some(path) => Recipe::open(path)?,
            None => Recipe::default(),
        };
        recipe.set("data", self.data.as_ref())?;
        recipe.set("signals", self.signals.as_ref())?;
        self.method.set(&mut recipe)?;
        recipe.set("distill.subclasses", self.fit.subclasses)?;
        recipe.set("distill.null_space", self.fit.null_space.map(|_| self.fit.null_space()))?;
        recipe.set("distill.rotation", self.fit.rotation.map(Rotation::from))?;
        recipe.set("distill.members", self.fit.members.map(lelp::Members::from))?;
        // The tag must be there as soon as the table is.
        if self.student.is_some() || !recipe.has("model") {
            recipe.set("model.student", word(&self.student.unwrap_or(StudentArg::Ngram)))?;
        }
        recipe.set("model.width", self.ngram.width)?;
        recipe.set("model.hidden", self.ngram.hidden)?;
        recipe.set("model.buckets", self.ngram.buckets)?;
        recipe.set("model.min_characters", self.ngram.min_characters)?;
        recipe.set("model.max_characters", self.ngram.max_characters)?;
        recipe.set("model.dropout", self.ngram.dropout)?;
        recipe.set("model.int8", self.ngram.int8.then_some(true))?;
        self.training.set(&mut recipe)?;
        recipe.set("columns.text", self.columns.text_column.as_ref())?;
        recipe.set("columns.pair", self.columns.pair_column.as_ref())?;
        recipe.set("columns.label", self.columns.label_column.as_ref())?;
        recipe.set("columns.labels", self.columns.labels.as_ref())?;
        // A flag that the method does not have is a bad argument; an unknown key in a file is bad input.
        let settings = recipe.settings();
        if self.recipe.is_some() { Ok(settings?) } else { settings.map_err(Failure::usage) }
    }
}

/// The word that stands for `value` on the command line, in recipes and in files.
fn word(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let settings = arguments.settings()?;
    check_free(&arguments.out, arguments.overwrite)?;
    let StudentSettings::Ngram(student) = settings.model;
    let cancel = interrupt::flag()?;
    let task = Task::open(&settings.data, settings.signals.as_deref(), &settings.columns)?;
    printer.step(
        "read",
        &format!(
            "{} training rows ({} labelled), {} validation rows, classes {}",
            task.train().rows(),
            task.train().labelled_rows(),
            task.validation().rows(),
            task.labels().join(", ")
        ),
    );
    guard(&settings.distill, task.labels().len(), arguments.method.force, printer)?;
    let inputs = task.inputs(&student.features(), global.threads())?;
    let distillation = Distillation::new(&task, &inputs, global.threads());
    let mut watch = progress::epochs(printer, "distilling", settings.train.epochs);
    let distilled = distillation
        .train(&settings.distill, &student, &settings.train, &mut |event| watch.event(&event), &cancel)
        .or_while(|| format!("distilling `{}`", settings.data.display()))?;
    watch.finish();
    if let Some(score) = distilled.report.best().and_then(|epoch| epoch.validation) {
        let rows = task.validation().rows();
        let (value, epoch) = (score.value, distilled.report.best_epoch);
        printer.step(
            "distilled",
            &format!("{} {value:.4} on {rows} validation rows, epoch {epoch}", score.metric),
        );
    }
    if student.int8 {
        say_cost_of_8_bits(&distilled, &task, &cancel, printer)?;
    }
    save(&arguments.out, &distilled, &task, &settings, global.threads().get())
        .or_while(|| format!("writing `{}`", arguments.out.display()))?;
    printer.step("wrote", &format!("`{}`", arguments.out.display()));
    Ok(())
}

/// Refuses a method that means nothing with so few classes, unless forced, and warns of one that means little.
fn guard(method: &Combination, classes: usize, force: bool, printer: Printer) -> Result<(), Failure> {
    let refused = |error: GuardError| {
        let instead = error.degeneracy.instead;
        Failure::input(error).with_hint(format!("use {instead}; `--force` trains it all the same"))
    };
    for degeneracy in method.guard(classes, force).map_err(refused)? {
        printer.warn(&format!("with {classes} classes, {degeneracy}"));
    }
    Ok(())
}

/// What the table loses in 8 bits, on the validation rows.
fn say_cost_of_8_bits(
    distilled: &Distilled,
    task: &Task,
    cancel: &AtomicBool,
    printer: Printer,
) -> Result<(), Failure> {
    if task.validation().labels().is_none() {
        return Ok(());
    }
    let accuracy = |model: &NgramModel| -> Result<f64, Failure> {
        let answers = answer(model, task.validation(), &mut |_| {}, cancel)?;
        Ok(report(&answers, task.validation(), None)?.accuracy)
    };
    let (full, small) = (accuracy(&distilled.model)?, accuracy(&distilled.model.quantized())?);
    printer.note(&format!("in 8 bits: validation accuracy {small:.4}, in 32 bits {full:.4}"));
    Ok(())
}

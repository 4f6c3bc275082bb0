//! `lelp distill`: train a student.

mod score_warnings;
mod split_source;
mod task;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use lelp_compare::auto::{AUTO, AutoResult, AutoSearch, AutoSpec};
use lelp_data::storage::FolderLock;
use lelp_method::{Objective, SplitSource};
use lelp_train::distill::{
    ClassWeights, DistillSettings, Distilled, Distiller, SettingsTable, SettingsTableError, Task, check_free,
    save,
};
use lelp_train::students::{PreparedStudent, Resources};
use lelp_train::training::{Checkpoints, Event, TrainingLog};
use toml::{Table, Value};

use crate::args::{ColumnArgs, EncoderArgs, GlobalArgs, LogArgs, MethodArgs, StudentArgs, TrainingArgs};
use crate::data_notices;
use crate::encoder_cache::{embedding_cache, encoder_folder};
use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::overlaps;
use crate::printer::Printer;
use crate::progress;
use crate::teacher_warnings;
use crate::terminal_text::without_control_characters;

const EXAMPLES: &str = "\
Examples:
  lelp distill --data queries/ --teacher teacher --out student
  lelp distill --data queries/ --teacher teacher --unlabelled log.txt --out student
  lelp distill --data queries/ --signals signals --method lelp --student ngram --out student
  lelp distill --data queries/ --signals signals --method lelp --add fitnet --out student
  lelp distill --data queries/ --signals signals --method lelp --student encoder \\
    --from teacher --layers 2 --out small
  lelp distill --recipe student.toml --out student --seed 7";

/// Train a student on a teacher's signals
///
/// The teacher answers the training rows once: its signals are kept in the cache folder, by the content of data and
/// teacher, for every later student. `lelp signals` writes them where you say, and `--signals` reads them there.
///
/// Without --method, or with `auto`, methods and the student's features and layers are raced on the validation rows: labels
/// alone, the teacher's probabilities, both, subclasses of the teacher's embeddings. Of those that are as good as the best,
/// within one standard error on the same rows, the simplest is taken. What was tried and why is printed. A search takes
/// one or two minutes for 10,000 short texts on two cores; --auto-budget makes it longer or shorter.
///
/// Methods: `ce` learns from labels alone, `kd` from the teacher's probabilities, `lelp` from subclasses found in the
/// teacher's embeddings; `lelp methods` lists all.
///
/// Unlabelled texts of the same domain carry more of a good teacher to the student: `--unlabelled` takes files of any number,
/// leaves out near-duplicates of validation and test rows, and tells how many are unlike the training rows.
///
/// All methods but `ce` and `dkd` learn from rows without a label too. The best epoch is chosen on the validation file,
/// or on a tenth of the training file, held out by hash of the text.
///
/// Every setting can also stand in a recipe (TOML); a flag overrides it. `run.json` in the student's folder records all
/// settings, `metrics.jsonl` every term of the loss in every epoch.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Settings in TOML, with the tables [distill], [model], [train], [columns]
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,

    /// Folder with train, validation and test files, or one training file
    #[arg(long, value_name = "PATH", required_unless_present = "recipe")]
    data: Option<PathBuf>,

    /// Folder of a teacher, or of a Hugging Face sequence classifier, which is asked for its signals where none are given
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,

    /// Folder of the teacher's signals on the training file
    #[arg(long, value_name = "DIR")]
    signals: Option<PathBuf>,

    /// Files of texts without labels, which the teacher answers once; can be given again
    #[arg(long, value_name = "FILE", num_args = 1..)]
    unlabelled: Vec<PathBuf>,

    /// What an unlabelled row counts where a row of the training file counts 1: each epoch goes over that share of them
    /// [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    unlabelled_weight: Option<f64>,

    /// Folder for the student
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace a model that is in the folder already
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    method: MethodArgs,

    /// Folder of other signals on the same training file, by whose embeddings classes are split; their probabilities stay the
    /// teacher's
    #[arg(long, value_name = "DIR", conflicts_with = "split_encoder", help_heading = "Method")]
    split_signals: Option<PathBuf>,

    /// Frozen encoder by whose embeddings of the training texts classes are split [default: of a teacher that was fine-tuned
    /// whole by `lelp teach`, and reads single texts, the encoder before that, where it is on this machine]
    #[arg(long, value_name = "DIR|MODEL", help_heading = "Method")]
    split_encoder: Option<PathBuf>,

    #[command(flatten)]
    student: StudentArgs,

    #[command(flatten)]
    training: TrainingArgs,

    /// What the rows of each class weigh in the loss: `none`, `balanced` (every class the same in total), or a list as
    /// `yes=2,no=0.5` [default: none]
    #[arg(long, value_name = "WEIGHTS", help_heading = "Training")]
    class_weights: Option<ClassWeights>,

    #[command(flatten)]
    encoder_training: EncoderArgs,

    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

impl Arguments {
    /// The settings, and which of them a search has to choose.
    fn settings(&self) -> Result<(DistillSettings, Option<OpenSettings>), Failure> {
        let mut recipe = match &self.recipe {
            Some(path) => SettingsTable::open(path)?,
            None => SettingsTable::default(),
        };
        recipe.set_path("data", self.data.as_ref())?;
        recipe.set_path("signals", self.signals.as_ref())?;
        recipe.set_path("teacher", self.teacher.as_ref())?;
        recipe.set_paths("unlabelled", &self.unlabelled)?;
        recipe.set("unlabelled_weight", self.unlabelled_weight)?;
        recipe.set("class_weights", self.class_weights.as_ref())?;
        recipe.set_path("split_signals", self.split_signals.as_ref())?;
        recipe.set_path("split_encoder", self.split_encoder.as_ref())?;
        self.method.set(&mut recipe)?;
        let named = recipe.table_mut("model").is_some_and(|model| model.contains_key("student"));
        let kind_open = !named && !self.student.names_kind();
        self.student.set(&mut recipe)?;
        self.encoder_training.set(&mut recipe)?;
        self.training.set(&mut recipe)?;
        let inputs = &self.columns.inputs;
        let named = |names: &Vec<String>| Some(names.clone()).filter(|names| !names.is_empty());
        recipe.set("columns.text", inputs.text_column.as_ref())?;
        recipe.set("columns.pair", inputs.pair_column.as_ref())?;
        recipe.set("columns.vectors", named(&inputs.vector_column))?;
        recipe.set("columns.numbers", named(&inputs.number_columns))?;
        recipe.set("columns.categories", named(&inputs.category_columns))?;
        let types = inputs.settings().types;
        recipe.set("columns.types", Some(types).filter(|types| !types.is_empty()))?;
        recipe.set("columns.label", self.columns.label_column.as_ref())?;
        recipe.set("columns.labels", self.columns.labels.as_ref())?;
        recipe.set("columns.missing_labels", self.columns.missing_labels())?;
        recipe.fill("distill", &Table::from_iter([("method".to_owned(), Value::from(AUTO))]));
        if let (Some(path), Some(table)) = (&self.recipe, recipe.table_mut("distill")) {
            AutoSpec::check_method(table).with_context(|| format!("reading recipe `{}`", path.display()))?;
        }
        let spec = recipe.table_mut("distill").and_then(AutoSpec::take);
        let mut given = |table: &str| -> Vec<String> {
            recipe.table_mut(table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
        };
        let fixed = given("model").into_iter().chain(given("train")).collect();
        // A flag that the method does not have is a bad argument; an unknown key in a recipe is bad input.
        let settings = DistillSettings::read(recipe);
        let settings = if self.recipe.is_some() { settings? } else { settings.map_err(unfit_flags)? };
        Ok((settings, spec.map(|spec| OpenSettings { spec, fixed, kind_open })))
    }
}

/// Flags that do not fit together: they are reported under the names that settings have in recipes.
fn unfit_flags(error: SettingsTableError) -> Failure {
    Failure::usage(error)
        .with_hint("each setting is a flag, as `layers` is `--layers`; see `lelp distill --help`")
}

pub(crate) fn run(arguments: &Arguments, global: &GlobalArgs, printer: Printer) -> Result<(), Failure> {
    let (mut settings, open) = arguments.settings()?;
    let sources = [
        (Some(settings.data.as_path()), "data"),
        (settings.teacher.as_deref(), "teacher"),
        (settings.signals.as_deref(), "signals"),
        (settings.split_encoder.as_deref(), "encoder"),
    ];
    for (source, what) in sources {
        source.map_or(Ok(()), |source| super::check_place(&arguments.out, source, what, |_| false))?;
    }
    let _lock = FolderLock::take(&arguments.out)?;
    check_free(&arguments.out, arguments.overwrite)?;
    settings.model = settings.model.find_encoder(|name| encoder_folder(&name.to_string_lossy(), printer))?;
    let cancel = interrupt::cancel_flag()?;
    let splits = match open.as_ref().map(|open| &open.spec) {
        Some(AutoSpec::Method { given }) => {
            given.get("split_source").and_then(serde_json::Value::as_str) != Some("teacher")
        }
        _ => settings.distill.base.split().is_some_and(|split| split.split_source == SplitSource::Given),
    };
    let task = task::open(&mut settings, &arguments.out, splits, global, printer, &cancel)?;
    let task = task.with_class_weights(&settings.class_weights)?;
    let task = split_source::with_split_source(task, &settings, global, printer, &cancel)?;
    printer.step(
        "read",
        &format!(
            "{} training rows ({} labelled), {} validation rows, classes {}",
            task.train().rows(),
            task.train().labelled_rows(),
            task.validation().rows(),
            without_control_characters(&task.labels().join(", "))
        ),
    );
    data_notices::warn(task.notices(), printer);
    overlaps::print(&task.overlaps(), printer);
    // Before a search, which takes minutes with a teacher that fits nothing.
    teacher_warnings::of_agreement(task.check_teacher().as_ref(), task.labels(), printer);
    if let Some(open) = open {
        let budget = arguments.method.auto_budget;
        let found = search(&task, &settings, &open, budget, global, printer, &cancel)?;
        settings.train = found.choice.training(settings.train);
        (settings.distill, settings.model) = (found.choice.distill, found.choice.student);
    }
    guard(&settings.distill, task.labels().len(), arguments.method.force, printer)?;
    let student = prepare(&task, &settings, global, printer, &cancel)?;
    let distillation = Distiller::new(&task, student.as_ref(), global.threads());
    let checkpoints = checkpoints(arguments, &settings, &task, student.as_ref())?;
    if arguments.overwrite {
        Checkpoints::remove(&arguments.out)?;
    }
    let distilled = train(&distillation, arguments, &settings, checkpoints.as_ref(), printer, &cancel)
        .with_context(|| format!("distilling `{}`", settings.data.display()))?;
    if let Some(score) = distilled.report.best().and_then(|epoch| epoch.validation) {
        let rows = task.validation().rows();
        let (value, epoch) = (score.value, distilled.report.best_epoch);
        printer.step(
            "distilled",
            &format!("{} {value:.4} on {rows} validation rows, epoch {epoch}", score.metric),
        );
    }
    score_warnings::warn(&distilled, &task, &settings, printer);
    for remark in distilled.student.remarks(task.validation(), &cancel)? {
        printer.note(&remark);
    }
    save(&arguments.out, &distilled, &task, &settings, global.threads().get())
        .with_context(|| format!("writing `{}`", arguments.out.display()))?;
    Checkpoints::remove(&arguments.out)?;
    printer.step("wrote", &format!("`{}`", arguments.out.display()));
    Ok(())
}

/// What a search has to choose.
struct OpenSettings {
    spec: AutoSpec,
    /// Names of the settings of the student and of its training that were given.
    fixed: BTreeSet<String>,
    /// Whether the student may be of another kind.
    kind_open: bool,
}

/// Searches the settings that were left to `auto`, and says what was tried and why it came to this.
fn search(
    task: &Task,
    settings: &DistillSettings,
    open: &OpenSettings,
    budget: NonZeroUsize,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<AutoResult, Failure> {
    let bar = printer.uneven_progress("searching", budget.get() as u64, "students");
    let cache = embedding_cache().ok();
    let search = AutoSearch {
        task,
        spec: &open.spec,
        method: &settings.distill,
        student: &settings.model,
        fixed: &open.fixed,
        kind_open: open.kind_open,
        train: settings.train,
        resources: Resources {
            teacher: settings.teacher.as_deref(),
            cache: cache.as_ref(),
            threads: global.threads(),
        },
        budget,
    };
    let found = search
        .run(&|| bar.inc(1), cancel)
        .with_context(|| "searching the settings left to `auto`".to_owned())?;
    bar.finish_and_clear();
    for raced in &found.raced {
        let name = found.describe_candidate(&raced.candidate);
        match raced.below {
            _ if raced.students == 0 => printer.detail(&format!("does not fit  {name}")),
            None => printer.detail(&format!("{:.4} once  {name}", raced.score)),
            Some((_, error)) => {
                printer.note(&format!(
                    "{:.4} +- {error:.4} to the choice, {} students: {name}",
                    raced.score, raced.students
                ));
            }
        }
    }
    printer.step("found", &format!("{}: {}; in {:.1} s", found.describe(), found.reason(), found.seconds));
    Ok(found)
}

/// Features or embeddings of the task's rows, as this kind of student reads them.
fn prepare(
    task: &Task,
    settings: &DistillSettings,
    global: &GlobalArgs,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Box<dyn PreparedStudent>, Failure> {
    let bar = progress::Rows::new(printer, "embedding", task.train().rows() + task.validation().rows());
    let cache = embedding_cache().ok();
    let teacher = settings.teacher.as_deref();
    let resources = Resources { teacher, cache: cache.as_ref(), threads: global.threads() };
    let prepared = settings.model.student().prepare(task, &resources, &mut |done| bar.set(done), cancel)?;
    bar.finish();
    Ok(prepared)
}

/// Checkpoints of a student that trains long, which belong to the hashes of its data, teacher and initial weights. Other students
/// train so fast that they start over.
fn checkpoints(
    arguments: &Arguments,
    settings: &DistillSettings,
    task: &Task,
    student: &dyn PreparedStudent,
) -> Result<Option<Checkpoints>, Failure> {
    let Some(identity) = student.checkpoint_identity()? else { return Ok(None) };
    let all = serde_json::json!({
        "settings": settings,
        "data": task.train().hash(),
        "labels": task.train().labels_hash(),
        "validation": task.validation().hash(),
        "teacher": task.signals().and_then(|signals| signals.description().teacher.clone()),
        "from": identity,
    });
    Ok(Some(Checkpoints::new(&arguments.out, arguments.log.checkpoint_every(), &all)))
}

fn train(
    distillation: &Distiller<'_>,
    arguments: &Arguments,
    settings: &DistillSettings,
    checkpoints: Option<&Checkpoints>,
    printer: Printer,
    cancel: &AtomicBool,
) -> Result<Distilled, Failure> {
    let show = if checkpoints.is_some() { progress::long_epochs } else { progress::epochs };
    let mut bar = show(printer, "distilling", settings.train.epochs);
    // `save` writes the metrics of a short training; those of a long one are written while it runs.
    let tensorboard = arguments.log.tensorboard.as_deref();
    let wanted = checkpoints.is_some() || tensorboard.is_some();
    let mut log = wanted.then(|| TrainingLog::new(&arguments.out, tensorboard)).transpose()?;
    let mut event = |event: Event<'_>| {
        bar.event(&event);
        if let Some(log) = &mut log {
            log.event(&event);
        }
    };
    let distilled =
        distillation.train(&settings.distill, &settings.train, checkpoints, &mut event, cancel)?;
    bar.finish();
    log.map_or(Ok(()), TrainingLog::finish)?;
    Ok(distilled)
}

/// Refuses a method that degenerates with so few classes, unless forced, and warns of one that loses a part.
fn guard(method: &Objective, classes: usize, force: bool, printer: Printer) -> Result<(), Failure> {
    for degeneracy in method.guard(classes, force)? {
        printer.warn(&format!("with {classes} classes, {degeneracy}"));
    }
    Ok(())
}
